import type { DevnetNode } from "../../src/devnet/devnetNode.ts";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import {
  startTestConversation,
  type TestConversation,
  testPoster,
} from "../../test/support/startTestConversation.ts";
import { testAuthority, testGroup } from "../../test/support/testGroup.ts";
import { drawMessage } from "./fillStore.ts";
import type { BenchNodes } from "./openBenchNodes.ts";
import { openSubscriptions } from "./openSubscriptions.ts";
import { readUsage, usageAtRest } from "./readUsage.ts";

/** What one address can make a node do, in its processor's time and memory. */
export type Costs = {
  /** CPU milliseconds of a small call, of an envelope that is taken, of one that a stranger has made and is refused. */
  readonly call: number;
  readonly taken: number;
  readonly refused: number;
  /** Of a core, and resident bytes, for as many streams as were opened. */
  readonly streams: { readonly cores: number; readonly bytes: number };
};

const CALLS = 4_000;
const CALLERS = 16;
const TAKEN = 4_096;
const REFUSED = 512;
const PER_CALL = 128;

/** @param node one whose rates nobody comes near to, while what one address may have open is as it is by default */
export async function measureCosts(params: {
  nodes: BenchNodes;
  node: DevnetNode;
  streams: number;
  connections: number;
}): Promise<Costs> {
  const { nodes, node, streams, connections } = params;
  const { network } = nodes.chain;
  const { url } = node.addresses;
  await using api = connectNode({ url });
  const conversation = await startTestConversation({ network, api });
  const call = await cpuOf({ node, times: CALLS, act: () => callOften(api) });
  const messages = Array.from({ length: TAKEN }, () => drawMessage([conversation], 0));
  const taken = await cpuOf({ node, times: TAKEN, act: () => publish(api, messages) });
  const strange = Array.from({ length: REFUSED }, () => strangersMessage({ nodes, conversation }));
  const refused = await cpuOf({ node, times: REFUSED, act: () => publish(api, strange) });
  const before = await usageAtRest(node);
  await using _ = await openSubscriptions({
    ...{ url, topics: [groupTopic(testGroup().group)], count: streams, addresses: 1 },
    // Its own connection is one of them.
    perConnection: Math.ceil(streams / (connections - 1)),
  });
  const during = await usageAtRest(node);
  const cores = during.cores - before.cores;
  return { call, taken, refused, streams: { cores, bytes: during.rssBytes - before.rssBytes } };
}

/** CPU milliseconds of the node for each of so many. */
async function cpuOf(params: { node: DevnetNode; times: number; act: () => Promise<void> }): Promise<number> {
  const { node, times, act } = params;
  const before = await readUsage(node);
  await act();
  const after = await readUsage(node);
  return ((after.cpuSeconds - before.cpuSeconds) * 1_000) / times;
}

async function callOften(api: NodeConnection): Promise<void> {
  let left = CALLS;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await api.getNode({});
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

async function publish(api: NodeConnection, envelopes: readonly Envelope[]): Promise<void> {
  for (let i = 0; i < envelopes.length; i += PER_CALL) {
    await api.publish({ envelopes: envelopes.slice(i, i + PER_CALL) });
  }
}

/** Well signed, by a posting key that somebody else than the epoch's authority has certified: two signatures to check. */
function strangersMessage(params: { nodes: BenchNodes; conversation: TestConversation }): Envelope {
  const { nodes, conversation } = params;
  const { group, first } = conversation;
  const post = testPoster({
    ...{ network: nodes.chain.network, group, head: first.id, authority: testAuthority() },
  });
  return post("let me in");
}
