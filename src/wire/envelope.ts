import { WeftError } from "../errors.ts";
import { labeledHash } from "./bytes.ts";
import { asId, type EnvelopeHash } from "./ids.ts";
import { LEAST_ENVELOPE_COST, MAX_ENVELOPE_BYTES } from "./limits.ts";
import { parseTopic, type Topic } from "./topic.ts";

/** What the mesh carries: a topic (33 bytes) and opaque bytes. */
export type Envelope = { readonly topic: Uint8Array; readonly payload: Uint8Array };

/** Computes an envelope's hash: SHA-256("weft.envelope.v1" ‖ topic ‖ payload). */
export function envelopeHash(envelope: Envelope): EnvelopeHash {
  return asId(labeledHash({ label: "weft.envelope.v1", fields: [envelope.topic, envelope.payload] }));
}

/**
 * Checks an envelope's size and gives its topic. Throws `too-large`, `malformed` or `unknown-topic`; says nothing of
 * the payload's inside.
 */
export function checkEnvelope(envelope: Envelope): Topic {
  const size = envelopeBytes(envelope);
  if (size > MAX_ENVELOPE_BYTES) {
    throw new WeftError({
      code: "too-large",
      message: `an envelope has ${size} bytes; at most ${MAX_ENVELOPE_BYTES} are allowed`,
    });
  }
  return parseTopic(envelope.topic);
}

/**
 * Gives the bytes that an envelope counts as where bytes are shared out: its places and receipts take room on disks,
 * too.
 */
export function envelopeCost(envelope: Envelope): number {
  return Math.max(LEAST_ENVELOPE_COST, envelopeBytes(envelope));
}

export function envelopeBytes(envelope: Envelope): number {
  return envelope.topic.length + envelope.payload.length;
}
