import { randomBytes } from "#crypto";
import { tables } from "../../src/client/database/tables.ts";
import type { GroupRecord } from "../../src/reconciler/records/records.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { writeAtomic } from "../../src/store/writeAtomic.ts";
import { asId, type GroupId, type InboxId } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";

/** Groups in a closed client's database that it founded and of which nothing is on the chain yet: it follows them as it does all. */
export async function addGroups(params: {
  directory: string;
  network: Network;
  inbox: InboxId;
  count: number;
}): Promise<void> {
  const { directory: path, network, inbox, count } = params;
  await using database = await openDatabase({ path, kind: "client", network });
  const writes = Array.from({ length: count }, (_, at) => {
    const group = asId<GroupId>(randomBytes(32));
    const start = { head: group, epoch: 0 };
    const record: GroupRecord = {
      ...{ group, start, ...start, genesisKey: undefined, status: "creating", reason: undefined },
      ...{ name: `group ${at}`, members: [inbox], createdAtMs: Date.now() },
    };
    return tables.group.put({ group }, record);
  });
  await writeAtomic({ database, writes, sync: false });
}
