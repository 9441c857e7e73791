import { fromBinary } from "@bufbuild/protobuf";
import type { RawLog } from "../../src/chain/layout/decodeLog.ts";
import { PublishRequestSchema } from "../../src/gen/weft/v1/node_pb.ts";
import { createGroup, removeMembers, renameGroup } from "../../src/index.ts";
import type { NodeConnection } from "../../src/rpc/connectNode.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { asId, type GroupId } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { type RecordedMessage, recordingConnect } from "../support/recordCalls.ts";
import { say } from "../support/say.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

/** What a short conversation has put on the wires and on the chain. */
export type Traffic = {
  readonly network: Network;
  readonly messages: readonly RecordedMessage[];
  readonly envelopes: readonly Envelope[];
  readonly logs: readonly RawLog[];
};

/** Two people of one group at two nodes: registered, invited, talked, renamed, removed. */
export async function recordTraffic(): Promise<Traffic> {
  await using testNetwork = await startTestNetwork({ nodes: 2 });
  const messages: RecordedMessage[] = [];
  const connect = recordingConnect((message) => void messages.push(message));
  await using alice = await openTestClient({ network: testNetwork, name: "alice", connect });
  await using bob = await openTestClient({ network: testNetwork, name: "bob", connect });
  const members = [bob.client.inbox];
  const { group } = await createGroup({ client: alice.client, name: "recorded", members });
  await until("bob is in", () => isMember(bob, group));
  await say(alice, group, "is this on the wire?");
  await say(bob, group, "all of it");
  await (await renameGroup({ client: alice.client, group, name: "renamed" })).settled;
  await (await removeMembers({ client: alice.client, group, members })).settled;
  await until("bob is out", () => !isMember(bob, group));
  const [first] = testNetwork.nodes;
  if (first === undefined) throw new Error("there is no node");
  await using node = connect(first);
  await callTheRest({ node, group });
  const { network, client } = testNetwork.chain.chain;
  const address = [network.commitLog, network.identityRegistry, network.nodeRegistry];
  const logs = await client.request({
    method: "eth_getLogs",
    params: [{ address, fromBlock: "0x0", toBlock: "latest" }],
  });
  const envelopes = messages
    .filter(({ method, direction }) => method === "Publish" && direction === "request")
    .flatMap(({ bytes }) => fromBinary(PublishRequestSchema, bytes).envelopes);
  return { network, messages, envelopes, logs: logs as unknown as readonly RawLog[] };
}

/** What this conversation had no need for. */
async function callTheRest(params: { node: NodeConnection; group: GroupId }): Promise<void> {
  const { node, group } = params;
  const { entries } = await node.fetchEntries({ group, recent: [] });
  const [first] = entries;
  if (first === undefined) throw new Error("the group has no entry");
  await node.getEntry({ group, id: first.id });
  await node.hasEnvelopes({ hashes: [asId(first.id)] });
  await node.getTopicDigests({ topics: [{ topic: groupTopic(group) }] });
  const topics = [{ topic: groupTopic(group) }];
  for await (const event of node.subscribe({ topics })) {
    if (event.kind !== "started") continue;
    await node.updateSubscription({ subscription: event.subscription, add: topics, remove: [] });
    return;
  }
}
