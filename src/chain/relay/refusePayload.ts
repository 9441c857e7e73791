import { MAX_ENTRY_PAYLOAD_BYTES } from "../../wire/limits.ts";
import { type Refusal, refusal } from "../submit/refusal.ts";

/** The first byte of a sealed entry (docs/protocol.md, "Payload"). */
const ENTRY_VERSION = 0x01;

/**
 * Refuses a payload that is too large or that is no sealed entry: what belongs to the mesh (an MLS PrivateMessage, a
 * GroupEnvelope, …) must not stay on a chain for ever. Returns undefined if the payload may be sent.
 */
export function refusePayload(payload: Uint8Array): Refusal | undefined {
  if (payload.length > MAX_ENTRY_PAYLOAD_BYTES) {
    return refusal({ code: "too-large", message: `a payload of ${payload.length} bytes` });
  }
  if (payload[0] === ENTRY_VERSION) return undefined;
  return refusal({ code: "mesh-payload-on-chain", message: "the payload is not a sealed entry" });
}
