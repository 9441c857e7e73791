import { gasOfAppend } from "../../chain/relay/gasOfAppend.ts";
import { refusePayload } from "../../chain/relay/refusePayload.ts";
import { appendSigner } from "../../chain/sign/appendSigner.ts";
import { refusal } from "../../chain/submit/refusal.ts";
import type { RelayAnswer } from "../../rpc/nodeApi.ts";
import type { ChainIndex } from "../../store/node/chainIndex.ts";
import { entryOf } from "../../store/node/readEntries.ts";
import type { Append } from "../../wire/append.ts";
import { groupIdOf } from "../../wire/entry.ts";
import type { Refusal } from "../../wire/relayOutcome.ts";
import type { RelayTicket } from "../../wire/relayTicket.ts";
import { type LateSiblings, takeLateSibling } from "../lateSiblings.ts";
import { demandWork } from "./demandWork.ts";
import type { Relaying } from "./relaying.ts";
import { withinBudget } from "./withinBudget.ts";

/**
 * Brings an entry to the chain for whoever wrote it, or says why not. The signer is checked first, so that no stranger
 * uses up what members may still have relayed as children of an entry. Throws what `relayAppend` throws.
 */
export async function takeAppend(params: {
  relaying: Relaying;
  index: ChainIndex;
  /** The late children that were relayed, by parent: see `takeLateSibling`. */
  relayed: LateSiblings;
  append: Append & { readonly ticket?: RelayTicket };
  caller: string;
}): Promise<RelayAnswer> {
  const { relaying, append } = params;
  const { group, parent } = append;
  const wrong = refusePayload(append.payload) ?? (await refuseSigner(params));
  if (wrong !== undefined) return wrong;
  const isNewcomer = parent === group;
  const demand = demandWork({ relaying, subject: group, isNewcomer, ticket: append.ticket });
  if (demand !== undefined) return { kind: "work-required", demand };
  return await withinBudget({
    ...params,
    subject: parent,
    isNewcomer,
    gas: gasOfAppend(append),
    send: async (permit) => {
      const late = await takeLateSibling(params);
      return late ?? (await relaying.append({ append, permit }));
    },
  });
}

/**
 * Refuses what the contract would refuse, too. An entry whose parent the index does not know yet is left to the chain.
 */
async function refuseSigner(params: {
  relaying: Relaying;
  index: ChainIndex;
  append: Append;
}): Promise<Refusal | undefined> {
  const { relaying, index, append } = params;
  const { group, parent } = append;
  const parentEntry = parent === group ? undefined : await entryOf({ index, group, id: parent });
  if (parent !== group && parentEntry === undefined) return undefined;
  const signer = appendSigner({ network: relaying.chain.network, append });
  const isEntitled =
    signer !== undefined && (parentEntry ? signer === parentEntry.authority : groupIdOf(signer) === group);
  if (isEntitled) return undefined;
  return refusal({ code: "bad-signature", message: "not signed by the parent's authority" });
}
