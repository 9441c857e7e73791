import { randomBytes } from "#crypto";
import { rotateKeys, sendMessage } from "../../src/index.ts";
import { openTestGroup } from "../../test/support/openTestGroup.ts";
import { startTestConversation } from "../../test/support/startTestConversation.ts";
import { startTestNetwork, type TestNetwork } from "../../test/support/startTestNetwork.ts";
import { median, type Row, timed } from "./measure.ts";

const PUBLISH_CALLS = 40;
const ENVELOPES_PER_CALL = 32;
const CALLERS = 4;

/** Three nodes, a chain and two clients in this process, over real TCP and on real disks. */
export async function benchNetwork(): Promise<Row[]> {
  await using network = await startTestNetwork({ nodes: 3, blockMs: 250 });
  return [...(await benchPublish(network)), ...(await benchClients(network))];
}

async function benchPublish(network: TestNetwork): Promise<Row[]> {
  const [node] = network.nodes;
  if (!node) throw new Error("the network has no node");
  const conversation = await startTestConversation({ network: network.chain.network, api: node.api });
  const calls = Array.from({ length: PUBLISH_CALLS }, () =>
    Array.from({ length: ENVELOPES_PER_CALL }, () => conversation.post(randomBytes(16).join())),
  );
  const one = await median({
    runs: 21,
    act: () => node.api.publish({ envelopes: [conversation.post(randomBytes(16).join())] }),
  });
  const caller = async (): Promise<void> => {
    for (let call = calls.pop(); call; call = calls.pop()) await node.api.publish({ envelopes: call });
  };
  const all = await timed(() => Promise.all(Array.from({ length: CALLERS }, caller)));
  const perSecond = (PUBLISH_CALLS * ENVELOPES_PER_CALL * 1000) / all;
  const subject = "node, signed and synced";
  return [
    { subject, what: "publish one envelope", value: one, unit: "ms" },
    {
      subject,
      what: `publish, ${CALLERS} callers`,
      value: perSecond,
      unit: "per second",
      beside: "xmtpd 950/s on 4 × 16 vCPU",
    },
  ];
}

async function benchClients(network: TestNetwork): Promise<Row[]> {
  let conversation: Awaited<ReturnType<typeof openTestGroup>> | undefined;
  const create = await timed(async () => {
    conversation = await openTestGroup({ network, names: ["alice", "bob"] });
  });
  if (!conversation) throw new Error("no conversation");
  await using opened = conversation;
  const { group, members } = opened;
  const [alice, bob] = members;
  if (!alice || !bob) throw new Error("nobody talks");
  const send = await median({
    runs: 21,
    act: async () => (await sendMessage({ client: alice.client, group, text: "hello" })).acknowledged,
  });
  const deliver = await median({
    runs: 21,
    act: async () => (await sendMessage({ client: bob.client, group, text: "hello" })).settled,
  });
  const rotate = await median({
    runs: 3,
    act: async () => (await rotateKeys({ client: alice.client, group })).acknowledged,
  });
  const subject = "clients, blocks of 250 ms";
  return [
    { subject, what: "two clients from nothing to a group", value: create, unit: "ms" },
    { subject, what: "send, acknowledged", value: send, unit: "ms", beside: "XMTP decentralized p50 2.4 s" },
    { subject, what: "send, delivered (on a second node)", value: deliver, unit: "ms" },
    { subject, what: "rotate, adopted from the chain", value: rotate, unit: "ms" },
  ];
}
