import { MAX_ENTRY_PAYLOAD_BYTES } from "../../wire/limits.ts";
import { type Refusal, refusal } from "../submit/refusal.ts";

/** First byte of a sealed entry (docs/protocol.md, "Payload"). */
const ENTRY_VERSION = 0x01;

/** What belongs to the mesh (an MLS PrivateMessage, a GroupEnvelope, …) must not be on a chain for ever. */
export function refusePayload(payload: Uint8Array): Refusal | undefined {
  if (payload.length > MAX_ENTRY_PAYLOAD_BYTES) {
    return refusal({ code: "too-large", message: `a payload of ${payload.length} bytes` });
  }
  if (payload[0] === ENTRY_VERSION) return undefined;
  return refusal({ code: "mesh-payload-on-chain", message: "the payload is not a sealed entry" });
}
