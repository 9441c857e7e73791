import { adoptPage } from "../../src/client/entries/adoptPage.ts";
import { chainPosition } from "../../src/client/entries/chainPosition.ts";
import type { EntryReader } from "../../src/client/entries/receivePage.ts";
import { planPage } from "../../src/reconciler/entries/planPage.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import type { EntryPage } from "../../src/wire/chainEntry.ts";

type Params = Omit<EntryReader, "node">;

/** Takes in a page of entries, and what has to be read again after it, as if a witness had agreed to all of it. */
export async function takeAgreed(
  params: Params & { page: Omit<EntryPage, "head"> & { readonly head?: BlockRef | undefined } },
): Promise<void> {
  const { core, group, api, signal } = params;
  const { page } = params;
  const known = [...group.view.entries.values(), ...page.entries].map(({ block }) => block.number);
  const number = Math.max(group.agreed.number, ...known) + 1;
  const head = page.head ?? { number, hash: group.id, time: 0 };
  const again = await group.queue.run(async () => {
    const plan = planPage({ group, page: { ...page, head } });
    return plan.kind === "news" && (await adoptPage({ ...params, plan, isAgreed: true }));
  });
  if (!again) return;
  const next = await api.fetchEntries(await chainPosition(core, group.id), { signal });
  await takeAgreed({ ...params, page: next });
}
