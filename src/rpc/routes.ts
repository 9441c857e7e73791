import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ErrorCode } from "../errors.ts";
import type { NodeService } from "../gen/weft/v1/node_pb.ts";
import { envelopeBytes } from "../wire/envelope.ts";
import {
  asAddress,
  asId,
  type EnvelopeHash,
  fromHex,
  type GroupId,
  type InstallationKey,
  type NodeId,
} from "../wire/ids.ts";
import {
  appendFromMessage,
  chainEventMessage,
  entryPageMessage,
  entryStateMessage,
  groupPositionFromMessage,
  optionalHeadMessage,
  relayAnswerMessage,
} from "./chainMessages.ts";
import { accountOf } from "./codedRoutes.ts";
import { batchPlaceFromMessage, coveragePageMessage } from "./coverageMessages.ts";
import { bounded, sizedHex } from "./fields.ts";
import { historyMessage, historyPositionFromMessage, identityActionFromMessage } from "./identityMessages.ts";
import * as limits from "./limits.ts";
import {
  envelopeFromMessage,
  publishResultMessage,
  queryPageMessage,
  SUBSCRIPTION_BYTES,
  subscriptionEventMessage,
  topicPositionFromMessage,
} from "./meshMessages.ts";
import type { Call, NodeApi } from "./nodeApi.ts";
import { nodeRecordMessage, nodeStatusMessage } from "./nodeMessages.ts";
import { ticketFromMessage } from "./ticketMessages.ts";
import { topicDigestsMessage, topicQuestionFromMessage } from "./topicMessages.ts";
import { wordsAnswerMessage, wordsQuestionFromMessage } from "./wordsMessages.ts";

/** Makes the service's routes of a node's API: they read bounded requests, call the API and write responses. */
export function routesOf(params: { api: NodeApi }): ServiceImpl<typeof NodeService> {
  return { ...nodeRoutes(params), ...meshRoutes(params), ...chainRoutes(params), ...identityRoutes(params) };
}

/** The codes of envelopes that are refused before anything is verified, which costs a node next to nothing. */
const unjudged: ReadonlySet<string> = new Set(["limit-exceeded", "disk-low"] satisfies ErrorCode[]);

function callOf(context: HandlerContext): Call {
  const account = accountOf(context);
  return { signal: context.signal, caller: account.key, meter: account };
}

type Routes<Name extends keyof NodeApi> = Pick<ServiceImpl<typeof NodeService>, Name>;

function nodeRoutes({ api }: { api: NodeApi }): Routes<"getNode" | "listNodes"> {
  return {
    getNode: async (_, context) => nodeStatusMessage(await api.getNode({}, callOf(context))),
    listNodes: async ({ after }, context) => {
      const from = after.length === 0 ? undefined : asId<NodeId>(after);
      const { nodes, head, more } = await api.listNodes({ after: from }, callOf(context));
      return { nodes: nodes.map(nodeRecordMessage), ...optionalHeadMessage(head), more };
    },
  };
}

function meshRoutes({
  api,
}: {
  api: NodeApi;
}): Routes<
  | "publish"
  | "query"
  | "subscribe"
  | "updateSubscription"
  | "hasEnvelopes"
  | "vouch"
  | "getTopicDigests"
  | "getKeyPackages"
  | "getCoverage"
> {
  return {
    publish: async (request, context) => {
      const max = limits.MAX_ENVELOPES_PER_PUBLISH;
      const envelopes = bounded({ items: request.envelopes, max, what: "envelopes" }).map(
        envelopeFromMessage,
      );
      const bytes = envelopes.reduce((sum, envelope) => sum + envelopeBytes(envelope), 0);
      const account = accountOf(context);
      account.publish(bytes);
      const results = await api.publish({ envelopes }, callOf(context));
      const count = results.filter((one) => one.kind === "refused" && !unjudged.has(one.code)).length;
      if (count > 0) account.refusedEnvelopes(count);
      return { results: results.map(publishResultMessage) };
    },
    query: async ({ topics, maxBytes }, context) => {
      const positions = topicsOf(topics).map(topicPositionFromMessage);
      const page = maxBytes === 0 ? limits.MAX_PAGE_BYTES : Math.min(maxBytes, limits.MAX_PAGE_BYTES);
      return queryPageMessage(await api.query({ topics: positions, maxBytes: page }, callOf(context)));
    },
    subscribe: async function* ({ topics }, context) {
      const positions = topicsOf(topics).map(topicPositionFromMessage);
      for await (const event of api.subscribe({ topics: positions }, callOf(context))) {
        yield subscriptionEventMessage(event);
      }
    },
    updateSubscription: async (request, context) => {
      const bytes = request.subscription;
      const subscription = sizedHex({ bytes, length: SUBSCRIPTION_BYTES, what: "a subscription" });
      const add = topicsOf(request.add).map(topicPositionFromMessage);
      await api.updateSubscription({ subscription, add, remove: topicsOf(request.remove) }, callOf(context));
      return {};
    },
    hasEnvelopes: async ({ hashes }, context) => ({
      stored: await api.hasEnvelopes({ hashes: hashesOf(hashes) }, callOf(context)),
    }),
    vouch: async ({ hashes }, context) => {
      const { stored, signature } = await api.vouch({ hashes: hashesOf(hashes) }, callOf(context));
      return { stored: [...stored], signature };
    },
    getTopicDigests: async (request, context) => {
      const max = limits.MAX_DIGESTS_PER_CALL;
      const topics = bounded({ items: request.topics, max, what: "topics" }).map(topicQuestionFromMessage);
      return { topics: (await api.getTopicDigests({ topics }, callOf(context))).map(topicDigestsMessage) };
    },
    getKeyPackages: async (request, context) => {
      const max = limits.MAX_KEYS_PER_CALL;
      const keys = bounded({ items: request.installations, max, what: "installations" });
      const installations = keys.map((key) => asId<InstallationKey>(key));
      const envelopes = await api.getKeyPackages({ installations }, callOf(context));
      return { envelopes: envelopes.map((envelope) => (envelope === undefined ? {} : { ...envelope })) };
    },
    getCoverage: async (request, context) => {
      const max = limits.MAX_BATCHES_PER_CALL;
      const batches = bounded({ items: request.batches, max, what: "batches" }).map(batchPlaceFromMessage);
      return coveragePageMessage(await api.getCoverage({ batches }, callOf(context)));
    },
  };
}

function chainRoutes({
  api,
}: {
  api: NodeApi;
}): Routes<"fetchEntries" | "followChain" | "getEntry" | "relayAppend"> {
  return {
    fetchEntries: async (request, context) => {
      const { maxBytes } = request;
      const page = maxBytes === 0 ? limits.MAX_PAGE_BYTES : Math.min(maxBytes, limits.MAX_PAGE_BYTES);
      const position = groupPositionFromMessage(request);
      return entryPageMessage(await api.fetchEntries({ ...position, maxBytes: page }, callOf(context)));
    },
    followChain: async function* (request, context) {
      const max = limits.MAX_GROUPS_PER_CALL;
      const groups = bounded({ items: request.groups, max, what: "groups" }).map(groupPositionFromMessage);
      for await (const event of api.followChain({ groups }, callOf(context))) yield chainEventMessage(event);
    },
    getEntry: async ({ group, id }, context) => {
      const place = { group: asId<GroupId>(group), id: asId<GroupId>(id) };
      return entryStateMessage(await api.getEntry(place, callOf(context)));
    },
    relayAppend: async (request, context) =>
      relayAnswerMessage(await api.relayAppend(appendFromMessage(request), callOf(context))),
  };
}

function identityRoutes({
  api,
}: {
  api: NodeApi;
}): Routes<"relayIdentity" | "getHistories" | "getWallet" | "readWords"> {
  return {
    relayIdentity: async (request, context) =>
      relayAnswerMessage(
        await api.relayIdentity(
          { ...identityActionFromMessage(request), ...ticketFromMessage(request.ticket) },
          callOf(context),
        ),
      ),
    getHistories: async (request, context) => {
      const max = limits.MAX_INBOXES_PER_CALL;
      const inboxes = bounded({ items: request.inboxes, max, what: "inboxes" }).map(
        historyPositionFromMessage,
      );
      const { histories, head } = await api.getHistories({ inboxes }, callOf(context));
      return { histories: histories.map(historyMessage), ...optionalHeadMessage(head) };
    },
    getWallet: async ({ wallet }, context) => {
      accountOf(context).chainReads(1);
      const { inbox, nonce } = await api.getWallet({ wallet: asAddress(wallet) }, callOf(context));
      return { inbox: inbox === undefined ? new Uint8Array() : fromHex(inbox), nonce };
    },
    readWords: async (request, context) => {
      const question = wordsQuestionFromMessage(request);
      accountOf(context).chainReads(1 + question.checkpoints.length + question.blocks.length);
      return wordsAnswerMessage(await api.readWords(question, callOf(context)));
    },
  };
}

function hashesOf(hashes: readonly Uint8Array[]): EnvelopeHash[] {
  const max = limits.MAX_HASHES_PER_CALL;
  return bounded({ items: hashes, max, what: "hashes" }).map((hash) => asId<EnvelopeHash>(hash));
}

function topicsOf<T>(items: readonly T[]): readonly T[] {
  return bounded({ items, max: limits.MAX_TOPICS_PER_CALL, what: "topics" });
}
