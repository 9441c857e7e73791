import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  Authorization as AuthorizationMessage,
  AuthorizationSchema,
  InboxRecord as InboxRecordMessage,
  InboxRecordSchema,
  RelayIdentityRequest,
  RelayIdentityRequestSchema,
} from "../gen/weft/v1/node_pb.ts";
import { asAddress, asId, fromHex, ID_BYTES } from "../wire/ids.ts";
import { optionalBlock, required, safeNumber, sizedHex } from "./fields.ts";
import type { Authorization, IdentityAction, InboxRecord } from "./nodeApi.ts";

export function identityActionMessage(
  action: IdentityAction,
): MessageInitShape<typeof RelayIdentityRequestSchema> {
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
  }
}

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
      const ids = { inbox: asId<InboxRecord["inbox"]>(inbox), by: asAddress(by) };
      return { kind: "revoke-installation", ...ids, installation: asId(installation), signature };
    }
    case "linkWallet": {
      const { inbox, by, wallet } = action.value;
      const consents = { by: authorizationFromMessage(by), wallet: authorizationFromMessage(wallet) };
      return { kind: "link-wallet", inbox: asId(inbox), ...consents };
    }
    default: {
      const { inbox, wallet, by } = required(action.value, "an action");
      const ids = { inbox: asId<InboxRecord["inbox"]>(inbox), wallet: asAddress(wallet) };
      return { kind: "unlink-wallet", ...ids, by: authorizationFromMessage(by) };
    }
  }
}

function authorizationMessage(consent: Authorization): MessageInitShape<typeof AuthorizationSchema> {
  return { ...consent, signer: fromHex(consent.signer) };
}

function authorizationFromMessage(message: AuthorizationMessage | undefined): Authorization {
  const { signer, nonce, deadline, signature } = required(message, "an authorization");
  return { signer: asAddress(signer), nonce, deadline, signature };
}

/** An unknown inbox is an empty record. */
export function inboxMessage(record: InboxRecord | undefined): MessageInitShape<typeof InboxRecordSchema> {
  if (record === undefined) return {};
  return {
    inbox: fromHex(record.inbox),
    wallets: record.wallets.map(({ wallet, linkedBlock, unlinkedBlock }) => ({
      wallet: fromHex(wallet),
      linkedBlock: BigInt(linkedBlock),
      unlinkedBlock: BigInt(unlinkedBlock ?? 0),
    })),
    installations: record.installations.map((installation) => ({
      installation: fromHex(installation.installation),
      wallet: fromHex(installation.wallet),
      addedBlock: BigInt(installation.addedBlock),
      revokedBlock: BigInt(installation.revokedBlock ?? 0),
      signature: installation.signature,
    })),
    recovery: fromHex(record.recovery),
  };
}

export function inboxFromMessage(message: InboxRecordMessage): InboxRecord | undefined {
  if (message.inbox.length === 0) return undefined;
  return {
    inbox: asId(message.inbox),
    wallets: message.wallets.map(({ wallet, linkedBlock, unlinkedBlock }) => ({
      wallet: asAddress(wallet),
      linkedBlock: safeNumber(linkedBlock),
      unlinkedBlock: optionalBlock(unlinkedBlock),
    })),
    installations: message.installations.map(
      ({ installation, wallet, addedBlock, revokedBlock, signature }) => ({
        installation: asId(installation),
        wallet: asAddress(wallet),
        addedBlock: safeNumber(addedBlock),
        revokedBlock: optionalBlock(revokedBlock),
        signature,
      }),
    ),
    recovery: asAddress(message.recovery),
  };
}
