import { WeftError } from "../errors.ts";
import { asInvitee } from "../reconciler/records/intent.ts";
import { directIdOf, directKind } from "../wire/groupKind.ts";
import {
  ADDRESS_BYTES,
  asAddress,
  asId,
  type DirectId,
  type GroupId,
  type Hex,
  type InboxId,
} from "../wire/ids.ts";
import { findInbox } from "./asking/findInbox.ts";
import { type Client, coreOf } from "./client.ts";
import { isBlocked } from "./group/consent.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { noteConsent } from "./group/noteConsent.ts";
import { writtenTo } from "./writtenTo.ts";

/** A conversation of two people, as plain data. */
export type DirectConversation = {
  /** Its id on this device: verbs that take a group take it, too, and mean all groups of the conversation. */
  readonly conversation: DirectId;
  /** The other person. */
  readonly other: InboxId;
  /** The group that is written to now. */
  readonly group: GroupId;
  /** Founds the group; undefined if it was there. */
  readonly intent: IntentHandle | undefined;
};

/**
 * Opens the direct conversation with somebody: what both have said to each other directly, in however many groups. If
 * there is none to write to, one is founded; that and what is said in it is on disk when this returns, offline too.
 * Somebody who is named by a wallet is looked up first, which needs two witnesses: throws `unknown-record` for a wallet
 * that is in no inbox, `blocked` for somebody who is blocked, `node-unreachable` if no two witnesses say whose it is, `malformed` for oneself.
 */
export async function openDirect(params: {
  client: Client;
  /** An inbox id or a wallet address. */
  with: Hex;
  signal?: AbortSignal;
}): Promise<DirectConversation> {
  const core = coreOf(params.client);
  const { closing } = core;
  const signal = params.signal ? AbortSignal.any([closing.signal, params.signal]) : closing.signal;
  const invitee = asInvitee(params.with);
  const isWallet = invitee.length === 2 + 2 * ADDRESS_BYTES;
  const other = isWallet
    ? await findInbox({ core, wallet: asAddress(invitee), signal })
    : asId<InboxId>(invitee);
  if (other === core.self.inbox) {
    throw new WeftError({
      code: "malformed",
      message: "a direct conversation is one with somebody else",
      hint: "Name another person by inbox id or wallet address.",
    });
  }
  const conversation = directIdOf(directKind(core.self.inbox, other));
  const decided = core.consents.conversations.get(conversation);
  if (decided === "blocked" || isBlocked(core, other)) {
    throw new WeftError({ code: "blocked", message: `this person is blocked: ${other}` });
  }
  const written = await core.directs.run(() => writtenTo({ core, other }));
  // A group that the other founds at the same time is no request.
  if (written.intent && decided !== "allowed") {
    await noteConsent({ core, about: { group: conversation }, consent: "allowed" });
  }
  return { conversation, other, ...written };
}
