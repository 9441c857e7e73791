import { createNodeLinks } from "../../src/client/nodes/nodeLinks.ts";
import { hear } from "../../src/client/witness/hear.ts";
import { createWitnesses, type Lie, type Witnesses } from "../../src/client/witness/witnesses.ts";
import { WeftError } from "../../src/errors.ts";
import type { KnownNode } from "../../src/reconciler/records/records.ts";
import type { Claim } from "../../src/reconciler/witness/fact.ts";
import type { Testimony } from "../../src/reconciler/witness/testimony.ts";
import type { NodeConnection } from "../../src/rpc/connectNode.ts";
import { checkWords } from "../../src/rpc/wordsMessages.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import { asAddress, asId, type Hex, type NodeId } from "../../src/wire/ids.ts";
import type { WordsAnswer, WordsQuestion } from "../../src/wire/words.ts";

export const testHash = (byte: number): Hex => `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;
export const testNodeId = (byte: number) => asId<NodeId>(testHash(byte));
export const testOperator = (byte: number) => asAddress(`0x${byte.toString(16).padStart(2, "0").repeat(20)}`);

/** The newest block of an honest witness that is no further than the claim. */
export const TEST_HEAD: BlockRef = { number: 100, hash: testHash(0xaa), time: 1_000 };

type Answering = (question: WordsQuestion, call: { signal: AbortSignal }) => Promise<WordsAnswer>;

/** The answer of a chain on which the block is and nothing in it. */
export function emptyAnswer(question: WordsQuestion, head: BlockRef = TEST_HEAD): WordsAnswer {
  const zero = (list: readonly unknown[]) => list.map(() => testHash(0));
  const { entries, inboxes, wallets, nodes, checkpoints, blocks } = question;
  return {
    head,
    words: {
      block: { ...TEST_HEAD, hash: question.block },
      ...{ entries: zero(entries), inboxes: zero(inboxes), nodes: zero(nodes), nodeCount: 0 },
      ...{ wallets: wallets.map(() => undefined), checkpoints: checkpoints.map(() => undefined) },
      blocks: blocks.map(() => undefined),
    },
  };
}

/** A node, by a byte for its id and one for its operator, and how it answers. */
export type TestWitness = {
  readonly id: number;
  readonly operator?: number;
  readonly answers: Answering;
  /** What it says of itself. */
  readonly head?: BlockRef;
};

export const unreachable: Answering = () =>
  Promise.reject(new WeftError({ code: "node-unreachable", message: "no answer" }));

/** Never answers. */
export const hanging: Answering = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

/** A client's witnesses over nodes that answer as a test says; the first is the one that serves. */
export function testWitnesses(
  nodes: readonly TestWitness[],
  chosen: Partial<Pick<Witnesses, "endpoints" | "isOneOperatorEnough">> = {},
): {
  readonly witnesses: Witnesses;
  readonly lies: Lie[];
  readonly asked: number[];
  readonly ask: (claim: Claim, signal?: AbortSignal) => Promise<Testimony>;
} {
  const lies: Lie[] = [];
  const asked: number[] = [];
  const known = nodes.map(
    ({ id, operator = id }): KnownNode => ({
      ...{ node: testNodeId(id), operator: testOperator(operator), signingKey: "0x", httpAddress: `${id}` },
      ...{ registeredBlock: 1, leftBlock: undefined, disabled: false, shards: "1" },
    }),
  );
  const connect = ({ url }: { url: string }): NodeConnection => {
    const one = nodes.find(({ id }) => `${id}` === url);
    const readWords: Answering = async (question, call) => {
      asked.push(Number(url));
      if (!one) throw new Error(`no node ${url}`);
      const answer = await one.answers(question, call);
      if (answer.words) checkWords({ question, words: answer.words });
      return answer;
    };
    const getNode = async () => ({ head: one?.head ?? TEST_HEAD });
    return { url, readWords, getNode } as unknown as NodeConnection;
  };
  const links = createNodeLinks({ bootstrap: [], nodes: known, connect, onChange: () => undefined });
  const witnesses = createWitnesses({
    ...{ links, finalityBlocks: 64, endpoints: [], isOneOperatorEnough: false, ...chosen },
    secret: new Uint8Array(32),
    onLie: (lie) => lies.push(lie),
  });
  const serving = testNodeId(nodes[0]?.id ?? 0);
  const ask = (claim: Claim, signal = new AbortController().signal): Promise<Testimony> =>
    hear({ witnesses, ranked: known, serving, claim, signal });
  return { witnesses, lies, asked, ask };
}
