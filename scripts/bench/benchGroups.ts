import { createGroup, syncStatus } from "../../src/index.ts";
import { addGroups } from "../../test/support/addGroups.ts";
import { openTestClient } from "../../test/support/openTestClient.ts";
import { isMember } from "../../test/support/openTestGroup.ts";
import { say } from "../../test/support/say.ts";
import { temporaryDirectory } from "../../test/support/temporaryDirectory.ts";
import { texts } from "../../test/support/texts.ts";
import { until } from "../../test/support/until.ts";
import { type Row, timed } from "./measure.ts";
import { openBenchNodes } from "./openBenchNodes.ts";

const TIMEOUT_MS = 300_000;

/** A client that has so many groups at one node, of which one is spoken in: opening, first messages, memory. */
export async function benchGroups(count: number): Promise<Row[]> {
  await using nodes = await openBenchNodes();
  const { url } = (await nodes.open({ number: 1 })).addresses;
  const network = { chain: nodes.chain, nodes: [{ url }] };
  await using directory = await temporaryDirectory();
  const place = { network, directory: directory.path };
  await using bob = await openTestClient({ network, name: "bob" });
  const before = await openTestClient({ ...place, name: "alice" });
  const { privateKey, client } = before;
  const { group } = await createGroup({ client, name: "spoken in", members: [bob.client.inbox] });
  await until("bob in the group", () => isMember(bob, group));
  await before[Symbol.asyncDispose]();
  const crowd = { directory: directory.path, network: nodes.chain.network, inbox: client.inbox };
  await addGroups({ ...crowd, count: count - 1 });
  await say(bob, group, "while alice was away");

  const { rss, at, cpu } = { rss: process.memoryUsage.rss(), at: performance.now(), cpu: process.cpuUsage() };
  const since = () => performance.now() - at;
  await using alice = await openTestClient({ ...place, name: "alice", privateKey });
  const opened = since();
  const isRead = async () => (await texts(alice, group)).includes("while alice was away");
  await until("the first message is read", isRead, TIMEOUT_MS);
  const read = since();
  const said = await timed(() => say(alice, group, "back"));
  const isFollowed = async () => {
    const { groups } = await syncStatus(alice);
    return groups.length === count && groups.every((one) => one.node !== undefined && !one.unreadFor);
  };
  await until("all groups are followed", isFollowed, TIMEOUT_MS);
  const followed = since();
  const { user, system } = process.cpuUsage(cpu);
  const memory = (process.memoryUsage.rss() - rss) / 1e6;
  const subject = `a client with ${count.toLocaleString("en")} groups at one node, all but one quiet`;
  return [
    { subject, what: "it is open", value: opened, unit: "ms" },
    { subject, what: "the first message is read", value: read, unit: "ms" },
    { subject, what: "an answer is delivered", value: said, unit: "ms", beside: "from its sending on" },
    { subject, what: "all groups are followed", value: followed, unit: "ms" },
    { subject, what: "of a core until then", value: (user + system) / 1e6, unit: "s" },
    { subject, what: "resident memory", value: memory, unit: "MB", beside: "beyond what there was before" },
  ];
}
