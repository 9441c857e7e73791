import { randomBytes } from "#crypto";
import { WeftError } from "../../../src/errors.ts";
import type { NodeApi, StoredEnvelope } from "../../../src/rpc/nodeApi.ts";
import { signDelivered } from "../../../src/wire/deliveredWord.ts";
import type { Envelope } from "../../../src/wire/envelope.ts";
import { envelopeHash } from "../../../src/wire/envelope.ts";
import { toHex } from "../../../src/wire/ids.ts";
import type { Refusal } from "../../../src/wire/relayOutcome.ts";
import { parseTopic } from "../../../src/wire/topic.ts";
import { EMPTY_SUM, type LogDigest } from "../../../src/wire/topicDigest.ts";
import type { Lie, Scene } from "./lie.ts";

/** Longer than a client waits for a witness. */
const LATE_MS = 10_000;

/** About what is in a topic. */
export function topicLie({ detail }: Scene): Lie {
  switch (detail % 8) {
    case 0:
      return leftOut("messages left out", ({ topic }) => parseTopic(topic).kind === "group");
    case 1:
      return leftOut(
        "some messages left out",
        (envelope) => parseTopic(envelope.topic).kind === "group" && isDrawn(envelope),
      );
    case 2:
      return leftOut("Welcomes left out", ({ topic }) => parseTopic(topic).kind === "welcome");
    case 3:
      return leftOut("group infos left out", ({ topic }) => parseTopic(topic).kind === "group-info");
    case 4:
      return digests("digests drawn at random", (digest) => ({
        ...digest,
        sum: { count: digest.sum.count + 1, sum: BigInt(toHex(randomBytes(256))) },
      }));
    case 5:
      return digests("digests of no envelopes", (digest) => ({ ...digest, sum: EMPTY_SUM }));
    case 6:
      return vouching();
    default:
      return {
        name: "no key packages, and all envelopes said to be there",
        answers: (_, notice) => ({
          getKeyPackages: async (params) => {
            notice();
            return params.installations.map(() => undefined);
          },
          hasEnvelopes: async ({ hashes }) => {
            notice();
            return hashes.map(() => true);
          },
        }),
      };
  }
}

function digests(name: string, change: (digest: LogDigest) => LogDigest): Lie {
  return {
    name,
    answers: (api, notice) => ({
      getTopicDigests: async (params, call) => {
        notice();
        const answers = await api.getTopicDigests(params, call);
        return answers.map((answer) => answer.map(change));
      },
    }),
  };
}

/** The node's signed word for envelopes that it does not have. */
function vouching(): Lie {
  return {
    name: "envelopes vouched for that are not there",
    answers: (_, notice, { network, node, signingKey }) => ({
      vouch: async ({ hashes }) => {
        notice();
        return {
          stored: hashes.map(() => true),
          signature: signDelivered({ network, node, hashes, signingKey }),
        };
      },
    }),
  };
}

/** Of words that a witness is asked for, and of what ends an intent. */
export function answerLie({ detail }: Scene): Lie {
  switch (detail % 6) {
    case 0:
      return witness("words of another block", (answer) => {
        const { words } = answer;
        if (!words) return answer;
        return { ...answer, words: { ...words, block: { ...words.block, number: words.block.number + 1 } } };
      });
    case 1:
      return witness("words drawn at random", (answer) => {
        const { words } = answer;
        if (!words) return answer;
        const drawn = () => toHex(randomBytes(32));
        return {
          ...answer,
          words: {
            ...words,
            entries: words.entries.map(drawn),
            inboxes: words.inboxes.map(drawn),
            nodes: words.nodes.map(drawn),
          },
        };
      });
    case 2:
      return witness("no block known", (answer) => ({ ...answer, words: undefined }));
    case 3:
      return {
        name: "words too late",
        answers: (api, notice) => ({
          readWords: async (question, call) => {
            notice();
            await new Promise<void>((resolve) => void setTimeout(resolve, LATE_MS));
            return await api.readWords(question, call);
          },
        }),
      };
    case 4:
      return {
        name: "no words at all",
        answers: (_, notice) => ({
          readWords: async () => {
            notice();
            throw new WeftError({ code: "chain-unreachable", message: "the chain does not tell" });
          },
        }),
      };
    default:
      return refusals("too-large");
  }
}

type WordsAnswer = Awaited<ReturnType<NodeApi["readWords"]>>;

function witness(name: string, change: (answer: WordsAnswer) => WordsAnswer): Lie {
  return {
    name,
    answers: (api, notice) => ({
      readWords: async (question, call) => {
        notice();
        return change(await api.readWords(question, call));
      },
    }),
  };
}

/** Everything is refused for a reason that would end an intent. */
function refusals(code: Refusal["code"]): Lie {
  const refusal: Refusal = { kind: "refused", code, hint: "" };
  return {
    name: `everything refused as ${code}`,
    answers: (_, notice) => ({
      publish: async ({ envelopes }) => {
        notice();
        return envelopes.map(() => refusal);
      },
      relayAppend: async () => {
        notice();
        return refusal;
      },
    }),
  };
}

function isDrawn(envelope: Envelope): boolean {
  return Number.parseInt(envelopeHash(envelope).slice(-1), 16) % 2 === 0;
}

/** From pages of topics. What has been read by another way, or before, may be left out: nobody lacks it. */
function leftOut(name: string, isOut: (envelope: Envelope) => boolean): Lie {
  return {
    name,
    answers: (api, notice, { unread }) => {
      const without: Without = async (page) => {
        const out = page.envelopes.filter(({ envelope }) => isOut(envelope));
        if ((await unread(out)).length > 0) notice();
        return { ...page, envelopes: page.envelopes.filter((one) => !out.includes(one)) };
      };
      return {
        query: async (params, call) => await without(await api.query(params, call)),
        subscribe: subscription(api, without),
      };
    },
  };
}

type Without = <Page extends { readonly envelopes: readonly StoredEnvelope[] }>(page: Page) => Promise<Page>;

function subscription(api: NodeApi, without: Without): NodeApi["subscribe"] {
  return async function* (params, call) {
    for await (const event of api.subscribe(params, call))
      yield event.kind === "page" ? await without(event) : event;
  };
}
