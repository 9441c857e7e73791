import type { MessageInitShape } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import type {
  BatchCoverage as BatchCoverageMessage,
  BatchCoverageSchema,
  BatchPlace as BatchPlaceMessage,
  BatchPlaceSchema,
  GetCoverageResponse,
  GetCoverageResponseSchema,
} from "../gen/weft/v1/node_pb.ts";
import type { BatchPlace } from "../wire/batchPlace.ts";
import { safeNumber } from "../wire/bytes.ts";
import type { BatchCoverage } from "../wire/coverage.ts";
import { fromHex, ID_BYTES } from "../wire/ids.ts";
import { logIdFromMessage } from "../wire/logRange.ts";
import { optionalHeadFromMessage, optionalHeadMessage } from "./chainMessages.ts";
import { bounded, required, sizedHex } from "./fields.ts";
import { MAX_BATCHES_PER_CALL, MAX_LINKING_HEADERS } from "./limits.ts";
import type { CoveragePage } from "./nodeApi.ts";

type Reason = (BatchCoverage & { kind: "unserved" })["reason"];
const reasons: readonly string[] = ["later", "absent", "pruned"] satisfies Reason[];

export function batchPlaceMessage(place: BatchPlace): MessageInitShape<typeof BatchPlaceSchema> {
  const { log, first: firstSequence, headerHash } = place;
  return { log: { ...log, node: fromHex(log.node) }, firstSequence, headerHash: fromHex(headerHash) };
}

/** Reads a batch's place. Throws `malformed`. */
export function batchPlaceFromMessage(message: BatchPlaceMessage): BatchPlace {
  const { log, firstSequence: first, headerHash } = message;
  return { log: logIdFromMessage(log), first, headerHash: headerHashOf(headerHash) };
}

export function coveragePageMessage(page: CoveragePage): MessageInitShape<typeof GetCoverageResponseSchema> {
  const { batches, headers, head } = page;
  return { batches: batches.map(coverageMessage), headers: [...headers], ...optionalHeadMessage(head) };
}

/** Reads a page of coverage. Throws `malformed`, `too-large`. */
export function coveragePageFromMessage(message: GetCoverageResponse): CoveragePage {
  const { batches, headers, head } = message;
  return {
    batches: bounded({ items: batches, max: MAX_BATCHES_PER_CALL, what: "batches" }).map(coverageFromMessage),
    headers: bounded({ items: headers, max: MAX_LINKING_HEADERS, what: "headers" }),
    head: optionalHeadFromMessage(head),
  };
}

function coverageMessage(coverage: BatchCoverage): MessageInitShape<typeof BatchCoverageSchema> {
  switch (coverage.kind) {
    case "covered": {
      const { sequence, headerHash, block } = coverage.checkpoint;
      const value = { sequence, headerHash: fromHex(headerHash), block: BigInt(block) };
      return { result: { case: "covered", value } };
    }
    case "linked":
      return { result: { case: "linked", value: batchPlaceMessage(coverage.to) } };
    case "uncovered":
      return { result: { case: "uncovered", value: {} } };
    case "unserved":
      return { result: { case: "unserved", value: coverage.reason } };
  }
}

function coverageFromMessage({ result }: BatchCoverageMessage): BatchCoverage {
  switch (result.case) {
    case "covered": {
      const { sequence, headerHash, block } = result.value;
      const checkpoint = { sequence, headerHash: headerHashOf(headerHash), block: safeNumber(block) };
      return { kind: "covered", checkpoint };
    }
    case "linked":
      return { kind: "linked", to: batchPlaceFromMessage(result.value) };
    case "uncovered":
      return { kind: "uncovered" };
    default:
      return { kind: "unserved", reason: reasonOf(required(result.value, "a batch's coverage")) };
  }
}

function reasonOf(text: string): Reason {
  if (reasons.includes(text)) return text as Reason;
  throw new WeftError({ code: "malformed", message: "coverage is not served for no known reason" });
}

function headerHashOf(bytes: Uint8Array) {
  return sizedHex({ bytes, length: ID_BYTES, what: "a header hash" });
}
