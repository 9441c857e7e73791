import type { MessageInitShape } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import type {
  Authorization as AuthorizationMessage,
  AuthorizationSchema,
  History as HistoryMessage,
  HistoryPosition as HistoryPositionMessage,
  HistoryPositionSchema,
  HistorySchema,
  RelayIdentityRequest,
  RelayIdentityRequestSchema,
} from "../gen/weft/v1/node_pb.ts";
import type { History, HistoryPosition } from "../wire/history.ts";
import type { Authorization, IdentityAction } from "../wire/identityAction.ts";
import { EMPTY_WORD } from "../wire/identityStep.ts";
import { identityStepFromMessage, identityStepMessage } from "../wire/identityStepCodec.ts";
import { asAddress, asId, fromHex, type Hex, ID_BYTES, type InboxId } from "../wire/ids.ts";
import type { RelayTicket } from "../wire/relayTicket.ts";
import { required, sizedHex } from "./fields.ts";
import { ticketMessage } from "./ticketMessages.ts";

/** The coordinates x and y of a point of P-256. */
const PASSKEY_BYTES = 64;

type Init = Exclude<MessageInitShape<typeof RelayIdentityRequestSchema>, RelayIdentityRequest>;

export function identityActionMessage(
  action: IdentityAction & { readonly ticket?: RelayTicket },
): MessageInitShape<typeof RelayIdentityRequestSchema> {
  return { ...actionMessage(action), ...ticketMessage(action.ticket) };
}

function actionMessage(action: IdentityAction): { action: NonNullable<Init["action"]> } {
  switch (action.kind) {
    case "create-inbox": {
      const { installationSignature } = action;
      const keys = { salt: fromHex(action.salt), installation: fromHex(action.installation) };
      const value = { ...keys, installationSignature, wallet: authorizationMessage(action.wallet) };
      return { action: { case: "createInbox", value } };
    }
    case "add-installation": {
      const { installationSignature } = action;
      const ids = { inbox: fromHex(action.inbox), installation: fromHex(action.installation) };
      const value = { ...ids, installationSignature, wallet: authorizationMessage(action.wallet) };
      return { action: { case: "addInstallation", value } };
    }
    case "revoke-installation": {
      const ids = { inbox: fromHex(action.inbox), installation: fromHex(action.installation) };
      const value = { ...ids, by: fromHex(action.by), signature: action.signature };
      return { action: { case: "revokeInstallation", value } };
    }
    case "link-wallet": {
      const [by, wallet] = [authorizationMessage(action.by), authorizationMessage(action.wallet)];
      return { action: { case: "linkWallet", value: { inbox: fromHex(action.inbox), by, wallet } } };
    }
    case "unlink-wallet": {
      const by = authorizationMessage(action.by);
      const value = { inbox: fromHex(action.inbox), wallet: fromHex(action.wallet), by };
      return { action: { case: "unlinkWallet", value } };
    }
    case "set-recovery":
    case "veto-recovery": {
      const by = authorizationMessage(action.by);
      const value = { inbox: fromHex(action.inbox), recovery: fromHex(action.recovery), by };
      const isProposal = action.kind === "set-recovery";
      return { action: { case: isProposal ? "setRecovery" : "vetoRecovery", value } };
    }
  }
}

/** Reads an action. Throws `malformed`. */
export function identityActionFromMessage({ action }: RelayIdentityRequest): IdentityAction {
  switch (action.case) {
    case "createInbox": {
      const { salt, installation, installationSignature, wallet } = action.value;
      return {
        kind: "create-inbox",
        salt: sizedHex({ bytes: salt, length: ID_BYTES, what: "a salt" }),
        installation: asId(installation),
        installationSignature,
        wallet: authorizationFromMessage(wallet),
      };
    }
    case "addInstallation": {
      const { inbox, installation, installationSignature, wallet } = action.value;
      return {
        kind: "add-installation",
        inbox: asId(inbox),
        installation: asId(installation),
        installationSignature,
        wallet: authorizationFromMessage(wallet),
      };
    }
    case "revokeInstallation": {
      const { inbox, installation, by, signature } = action.value;
      const ids = { inbox: asId<InboxId>(inbox), by: asAddress(by) };
      return { kind: "revoke-installation", ...ids, installation: asId(installation), signature };
    }
    case "linkWallet": {
      const { inbox, by, wallet } = action.value;
      const consents = { by: authorizationFromMessage(by), wallet: authorizationFromMessage(wallet) };
      return { kind: "link-wallet", inbox: asId(inbox), ...consents };
    }
    case "setRecovery":
    case "vetoRecovery": {
      const { inbox, recovery, by } = action.value;
      const kind = action.case === "setRecovery" ? "set-recovery" : "veto-recovery";
      const ids = { inbox: asId<InboxId>(inbox), recovery: asAddress(recovery) };
      return { kind, ...ids, by: authorizationFromMessage(by) };
    }
    default: {
      const { inbox, wallet, by } = required(action.value, "an action");
      const ids = { inbox: asId<InboxId>(inbox), wallet: asAddress(wallet) };
      return { kind: "unlink-wallet", ...ids, by: authorizationFromMessage(by) };
    }
  }
}

function authorizationMessage(consent: Authorization): MessageInitShape<typeof AuthorizationSchema> {
  const { passkey = new Uint8Array() } = consent;
  return { ...consent, passkey, signer: fromHex(consent.signer) };
}

function authorizationFromMessage(message: AuthorizationMessage | undefined): Authorization {
  const { signer, nonce, deadline, signature, passkey } = required(message, "an authorization");
  if (passkey.length !== 0 && passkey.length !== PASSKEY_BYTES) {
    throw new WeftError({ code: "malformed", message: `a passkey of ${passkey.length} bytes` });
  }
  const key = passkey.length === 0 ? {} : { passkey };
  return { signer: asAddress(signer), nonce, deadline, signature, ...key };
}

export function historyPositionMessage(
  position: HistoryPosition,
): MessageInitShape<typeof HistoryPositionSchema> {
  const { inbox, count, word } = position;
  return { inbox: fromHex(inbox), count, word: wordMessage(word) };
}

/** Reads a position. Throws `malformed`. */
export function historyPositionFromMessage({ inbox, count, word }: HistoryPositionMessage): HistoryPosition {
  return { inbox: asId(inbox), count, word: wordFromMessage(word) };
}

export function historyMessage({
  from,
  steps,
  count,
  word,
}: History): MessageInitShape<typeof HistorySchema> {
  return { from, steps: steps.map(identityStepMessage), count, word: wordMessage(word) };
}

/** Reads a history. Throws `malformed`. */
export function historyFromMessage({ from, steps, count, word }: HistoryMessage): History {
  return { from, steps: steps.map(identityStepFromMessage), count, word: wordFromMessage(word) };
}

/** Writes a word; the word of an empty history as no bytes. */
function wordMessage(word: Hex): Uint8Array {
  return word === EMPTY_WORD ? new Uint8Array() : fromHex(word);
}

function wordFromMessage(bytes: Uint8Array): Hex {
  return bytes.length === 0 ? EMPTY_WORD : sizedHex({ bytes, length: ID_BYTES, what: "a word" });
}
