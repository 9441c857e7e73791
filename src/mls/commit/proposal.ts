import { concatBytes } from "../../crypto/concatBytes.ts";
import { type Extension, encodeExtensions, readExtensions } from "../codec/extension.ts";
import { outsideProfile } from "../codec/malformed.ts";
import { type Reader, readUint16, readUint32 } from "../codec/read.ts";
import { uint16, uint32 } from "../codec/write.ts";
import { type KeyPackage, readKeyPackage } from "../welcome/keyPackage.ts";

/** The proposals of the profile (RFC 9420, section 12.1). */
export type Proposal =
  | { readonly kind: "add"; readonly keyPackage: KeyPackage }
  | { readonly kind: "remove"; readonly leafIndex: number }
  | { readonly kind: "group-context-extensions"; readonly extensions: readonly Extension[] };

const tags = { add: 1, remove: 3, "group-context-extensions": 7 } as const;

export function encodeProposal(proposal: Proposal): Uint8Array {
  return concatBytes(uint16(tags[proposal.kind]), encodeBody(proposal));
}

/** Reads a proposal. Throws `outside-profile` on other kinds, `malformed` on broken ones. */
export function readProposal(reader: Reader): Proposal {
  switch (readUint16(reader)) {
    case tags.add:
      return { kind: "add", keyPackage: readKeyPackage(reader) };
    case tags.remove:
      return { kind: "remove", leafIndex: readUint32(reader) };
    case tags["group-context-extensions"]:
      return { kind: "group-context-extensions", extensions: readExtensions(reader) };
    default:
      throw outsideProfile("a proposal other than Add, Remove and GroupContextExtensions");
  }
}

function encodeBody(proposal: Proposal): Uint8Array {
  switch (proposal.kind) {
    case "add":
      return proposal.keyPackage.encoded;
    case "remove":
      return uint32(proposal.leafIndex);
    case "group-context-extensions":
      return encodeExtensions(proposal.extensions);
  }
}
