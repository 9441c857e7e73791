import { WeftError } from "../../errors.ts";
import { recoveryAt } from "../../identity/inboxHistory.ts";
import { stepCount } from "../../wire/identityStep.ts";
import type { Address, InboxId } from "../../wire/ids.ts";
import { networkMs } from "../nodes/chainTime.ts";
import type { OwnRelay } from "../nodes/ownRelay.ts";
import { inboxOfWallet } from "./inboxOfWallet.ts";
import type { OpenWallet } from "./openWallet.ts";
import { readOwnHistory } from "./readOwnHistory.ts";
import type { Standing } from "./walletChange.ts";

/**
 * Reads how an inbox and wallets stand: straight from the chain if there is an own way to it, otherwise by its history,
 * which a second operator confirms if one answers. Throws `unknown-record` for an inbox that is not there, and what
 * reading throws.
 */
export async function readStanding(params: {
  opened: OpenWallet;
  wallets: readonly Address[];
  /** Whether other inboxes of the wallets are looked up, too. */
  looksElsewhere: boolean;
  /** Whether linked wallets are counted, which only nodes can. */
  counts: boolean;
}): Promise<Standing> {
  const { opened } = params;
  const { ownRelay } = opened;
  return ownRelay ? await standingOnChain({ ...params, ownRelay }) : await standingByNodes(params);
}

type Params = Parameters<typeof readStanding>[0];

async function standingOnChain(params: Params & { ownRelay: OwnRelay }): Promise<Standing> {
  const { opened, wallets, ownRelay, counts } = params;
  const { inbox, signal } = opened;
  const [state, linked, ...inboxes] = await Promise.all([
    ownRelay.readInbox(inbox, { signal }),
    counts ? readOwnHistory(opened).then((snapshot) => linkedIn(snapshot.history).length) : undefined,
    ...wallets.map(async (wallet) => (await ownRelay.getWallet({ wallet }, { signal })).inbox),
  ]);
  if (!state) throw unknownInbox(inbox);
  const { recovery, proposal, word } = state;
  const inboxOf = new Map(wallets.map((wallet, at) => [wallet, inboxes[at]]));
  return { inboxOf, linked, recovery, proposal, steps: stepCount(word), isConfirmed: true };
}

async function standingByNodes({ opened, wallets, looksElsewhere }: Params): Promise<Standing> {
  const { inbox, links } = opened;
  const { history, isProvisional } = await readOwnHistory(opened);
  if (!history) throw unknownInbox(inbox);
  const linked = linkedIn(history);
  const inboxOf = new Map<Address, InboxId | undefined>();
  for (const wallet of wallets) {
    const isHere = linked.includes(wallet);
    const other = !isHere && looksElsewhere ? await inboxOfWallet({ ...opened, wallet }) : undefined;
    inboxOf.set(wallet, isHere ? inbox : other === inbox ? undefined : other);
  }
  const time = Math.floor(networkMs(links) / 1_000);
  const { wallet: recovery } = recoveryAt({ history, time });
  const isPending = history.proposal !== undefined && time < history.proposal.changesAt;
  const proposal = isPending ? history.proposal : undefined;
  return {
    inboxOf,
    linked: linked.length,
    recovery,
    proposal,
    steps: history.count,
    isConfirmed: !isProvisional,
  };
}

function linkedIn(history: Awaited<ReturnType<typeof readOwnHistory>>["history"]): readonly Address[] {
  return (history?.wallets ?? [])
    .filter(({ unlinkedBlock }) => unlinkedBlock === undefined)
    .map(({ wallet }) => wallet);
}

function unknownInbox(inbox: InboxId): WeftError {
  return new WeftError({ code: "unknown-record", message: `the chain does not know the inbox ${inbox}` });
}
