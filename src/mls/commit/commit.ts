import { concatBytes } from "../../crypto/concatBytes.ts";
import { malformed, outsideProfile } from "../codec/malformed.ts";
import { type Reader, readList, readOptional, readUint8 } from "../codec/read.ts";
import { list, optional, uint8 } from "../codec/write.ts";
import { MAX_MEMBERS } from "../limits.ts";
import { encodeUpdatePath, readUpdatePath, type UpdatePath } from "../path/updatePath.ts";
import { encodeProposal, type Proposal, readProposal } from "./proposal.ts";

/** Commit with all proposals by value (RFC 9420, section 12.4). */
export type Commit = { readonly proposals: readonly Proposal[]; readonly path: UpdatePath | undefined };

const BY_VALUE = 1;
const BY_REFERENCE = 2;

export function encodeCommit({ proposals, path }: Commit): Uint8Array {
  const values = proposals.map((proposal) => concatBytes(uint8(BY_VALUE), encodeProposal(proposal)));
  return concatBytes(list(values), optional(path && encodeUpdatePath(path)));
}

export function readCommit(reader: Reader): Commit {
  const proposals = readList(reader, MAX_MEMBERS, readProposalByValue);
  return { proposals, path: readOptional(reader, readUpdatePath) };
}

function readProposalByValue(reader: Reader): Proposal {
  switch (readUint8(reader)) {
    case BY_VALUE:
      return readProposal(reader);
    case BY_REFERENCE:
      throw outsideProfile("a proposal by reference");
    default:
      throw malformed("neither a proposal nor a reference");
  }
}
