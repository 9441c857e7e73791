import type { MessageInitShape } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import type {
  CheckpointPlace as CheckpointPlaceMessage,
  CheckpointPlaceSchema,
  ReadWordsRequest,
  ReadWordsRequestSchema,
  ReadWordsResponse,
  ReadWordsResponseSchema,
  Words as WordsMessage,
  WordsSchema,
} from "../gen/weft/v1/node_pb.ts";
import { safeNumber } from "../wire/bytes.ts";
import { asAddress, asId, fromHex, type GroupId, type Hex, ID_BYTES, type InboxId } from "../wire/ids.ts";
import { logIdFromMessage } from "../wire/logRange.ts";
import {
  type CheckpointPlace,
  countWords,
  type Words,
  type WordsAnswer,
  type WordsQuestion,
} from "../wire/words.ts";
import {
  chainHeadFromMessage,
  chainHeadMessage,
  optionalHeadFromMessage,
  optionalHeadMessage,
} from "./chainMessages.ts";
import { bounded, required, sizedHex } from "./fields.ts";
import { MAX_SLOW_WORDS_PER_CALL, MAX_WORDS_PER_CALL } from "./limits.ts";

export function wordsQuestionMessage(
  question: WordsQuestion,
): MessageInitShape<typeof ReadWordsRequestSchema> {
  const { block, entries, inboxes, wallets, nodes, checkpoints, blocks } = question;
  return {
    block: fromHex(block),
    entries: entries.map(({ group, id }) => ({ group: fromHex(group), id: fromHex(id) })),
    inboxes: inboxes.map(fromHex),
    wallets: wallets.map(fromHex),
    nodes: nodes.map(fromHex),
    checkpoints: checkpoints.map(checkpointMessage),
    blocks: blocks.map(BigInt),
  };
}

/** Reads a question about words. Throws `malformed`, `too-large`. */
export function wordsQuestionFromMessage(message: ReadWordsRequest): WordsQuestion {
  const { block, entries, inboxes, wallets, nodes, checkpoints, blocks } = message;
  const counts = [entries, inboxes, wallets, nodes, checkpoints, blocks].map(({ length }) => length);
  const count = counts.reduce((sum, length) => sum + length, 0);
  if (count > MAX_WORDS_PER_CALL) throw tooMany(count);
  const max = MAX_SLOW_WORDS_PER_CALL;
  return {
    block: sizedHex({ bytes: block, length: ID_BYTES, what: "a block hash" }),
    entries: entries.map(({ group, id }) => ({ group: asId<GroupId>(group), id: asId<GroupId>(id) })),
    inboxes: inboxes.map((id) => asId(id)),
    wallets: wallets.map((wallet) => asAddress(wallet)),
    nodes: nodes.map((id) => asId(id)),
    checkpoints: bounded({ items: checkpoints, max, what: "checkpoints" }).map(checkpointFromMessage),
    blocks: bounded({ items: blocks, max, what: "blocks" }).map(safeNumber),
  };
}

export function wordsAnswerMessage(answer: WordsAnswer): MessageInitShape<typeof ReadWordsResponseSchema> {
  const { head, words } = answer;
  return { ...optionalHeadMessage(head), ...(words === undefined ? {} : { words: wordsMessage(words) }) };
}

/** Reads an answer of words. Throws `malformed` if it does not fit the question. */
export function wordsAnswerFromMessage(params: {
  question: WordsQuestion;
  message: ReadWordsResponse;
}): WordsAnswer {
  const { question, message } = params;
  const head = optionalHeadFromMessage(message.head);
  return { head, words: message.words && wordsFromMessage({ question, message: message.words }) };
}

function checkpointMessage(place: CheckpointPlace): MessageInitShape<typeof CheckpointPlaceSchema> {
  const { log, sequence, block } = place;
  return { log: { ...log, node: fromHex(log.node) }, sequence, block: BigInt(block) };
}

function checkpointFromMessage({ log, sequence, block }: CheckpointPlaceMessage): CheckpointPlace {
  return { log: logIdFromMessage(log), sequence, block: safeNumber(block) };
}

function wordsMessage(words: Words): MessageInitShape<typeof WordsSchema> {
  const { block, entries, inboxes, wallets, nodes, nodeCount, checkpoints, blocks } = words;
  return {
    block: chainHeadMessage(block),
    entries: entries.map(fromHex),
    inboxes: inboxes.map(fromHex),
    wallets: wallets.map(optionalBytes),
    nodes: nodes.map(fromHex),
    nodeCount: BigInt(nodeCount),
    checkpoints: checkpoints.map(optionalBytes),
    blocks: blocks.map((one) => (one === undefined ? {} : { block: chainHeadMessage(one) })),
  };
}

function wordsFromMessage(params: { question: WordsQuestion; message: WordsMessage }): Words {
  const { question, message } = params;
  const block = chainHeadFromMessage(required(message.block, "the block of an answer"));
  const words: Words = {
    block,
    entries: message.entries.map(wordFromBytes),
    inboxes: message.inboxes.map(wordFromBytes),
    wallets: message.wallets.map((inbox) => (inbox.length === 0 ? undefined : asId<InboxId>(inbox))),
    nodes: message.nodes.map(wordFromBytes),
    nodeCount: safeNumber(message.nodeCount),
    checkpoints: message.checkpoints.map((hash) => (hash.length === 0 ? undefined : wordFromBytes(hash))),
    blocks: message.blocks.map((one) => optionalHeadFromMessage(one.block)),
  };
  checkWords({ question, words });
  return words;
}

/** Throws `malformed` for words that do not fit the question. */
export function checkWords(params: { question: WordsQuestion; words: Words }): void {
  const { question, words } = params;
  const names = ["entries", "inboxes", "wallets", "nodes", "checkpoints", "blocks"] as const;
  const isOfBlock = words.block.hash === question.block;
  const isInOrder = words.blocks.every((one, i) => one === undefined || one.number === question.blocks[i]);
  if (isOfBlock && isInOrder && names.every((name) => words[name].length === question[name].length)) return;
  throw new WeftError({
    code: "malformed",
    message: `an answer of another form than the ${countWords(question)} words asked for`,
  });
}

function wordFromBytes(bytes: Uint8Array): Hex {
  return sizedHex({ bytes, length: ID_BYTES, what: "a word" });
}

function optionalBytes(value: Hex | undefined): Uint8Array {
  return value === undefined ? new Uint8Array() : fromHex(value);
}

function tooMany(count: number): WeftError {
  return new WeftError({
    code: "too-large",
    message: `${count} words in one call; at most ${MAX_WORDS_PER_CALL}`,
  });
}
