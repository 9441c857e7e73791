import { type Abi, AbiEventSignatureNotFoundError, decodeEventLog, type Hex as ViemHex } from "viem";
import { compressP256 } from "../../crypto/p256Point.ts";
import { WeftError } from "../../errors.ts";
import type { ChainEventBody } from "../../wire/chainRecord.ts";
import {
  type Address,
  asAddress,
  asId,
  fromHex,
  type Hex,
  type InboxId,
  type InstallationKey,
  type NodeId,
} from "../../wire/ids.ts";
import { verifyInstallationProof } from "../../wire/installationProof.ts";
import type { Network } from "../../wire/network.ts";
import { commitLogAbi } from "../abi/commitLog.ts";
import { identityRegistryAbi } from "../abi/identityRegistry.ts";
import { nodeRegistryAbi } from "../abi/nodeRegistry.ts";
import { nodeAddressesOf } from "./registeredAddresses.ts";

export type RawLog = {
  readonly address: string;
  readonly topics: readonly ViemHex[];
  readonly data: ViemHex;
};

/**
 * Decodes one log of the network's contracts; undefined for logs that no record is made of, such as a refused append.
 * Throws `wrong-chain` for a log that these contracts can't have written.
 */
export function decodeLog(params: { network: Network; log: RawLog }): ChainEventBody | undefined {
  const { network, log } = params;
  try {
    switch (asAddress(log.address)) {
      case network.commitLog:
        return decodeCommitLog(log);
      case network.identityRegistry:
        return decodeIdentityRegistry({ network, log });
      case network.nodeRegistry:
        return decodeNodeRegistry(log);
      default:
        return undefined;
    }
  } catch (cause) {
    const message = `${log.address} wrote a log that is none of Weft's`;
    throw new WeftError({ code: "wrong-chain", message, cause });
  }
}

function decodeCommitLog(log: RawLog): ChainEventBody | undefined {
  const event = decodeKnown({ abi: commitLogAbi, log });
  if (event?.eventName !== "Appended") return undefined;
  const { group, id, parent, index, authority, payload } = event.args;
  return {
    kind: "entry",
    group: asId(group),
    id: asId(id),
    parent: asId(parent),
    index,
    authority: asAddress(authority),
    payload: fromHex(payload),
  };
}

function decodeIdentityRegistry(params: { network: Network; log: RawLog }): ChainEventBody | undefined {
  const event = decodeKnown({ abi: identityRegistryAbi, log: params.log });
  switch (event?.eventName) {
    case "InboxRegistered": {
      const { inbox, wallet, salt } = event.args;
      return { kind: "inbox-created", inbox: asId(inbox), wallet: asAddress(wallet), salt };
    }
    case "InstallationAdded": {
      const { args } = event;
      const added = {
        inbox: asId<InboxId>(args.inbox),
        installation: asId<InstallationKey>(args.installation),
        installationSignature: fromHex(args.installationSignature),
      };
      const proof = { ...added, signature: added.installationSignature };
      const isVoid = !verifyInstallationProof({ network: params.network, ...proof });
      const consent = consentOf({ ...args, signature: args.walletSignature });
      return { kind: "installation-added", ...added, wallet: asAddress(args.wallet), isVoid, consent };
    }
    case "InstallationRevoked": {
      const { installation, signature } = event.args;
      const revoked = { installation: asId<InstallationKey>(installation), signature: fromHex(signature) };
      return { kind: "installation-revoked", ...placeOf(event.args), ...revoked };
    }
    case "WalletLinked": {
      const { args } = event;
      return {
        kind: "wallet-linked",
        ...placeOf(args),
        wallet: asAddress(args.wallet),
        walletConsent: consentOf({
          nonce: args.walletNonce,
          deadline: args.walletDeadline,
          signature: args.walletSignature,
        }),
        byConsent: consentOf({ nonce: args.byNonce, deadline: args.byDeadline, signature: args.bySignature }),
      };
    }
    case "WalletUnlinked": {
      const wallet = asAddress(event.args.wallet);
      return { kind: "wallet-unlinked", ...placeOf(event.args), wallet, consent: consentOf(event.args) };
    }
    case "RecoveryProposed": {
      const { args } = event;
      const recovery = { recovery: asAddress(args.recovery), changesAt: args.changesAt };
      return { kind: "recovery-proposed", ...placeOf(args), ...recovery, consent: consentOf(args) };
    }
    case "RecoveryVetoed": {
      const recovery = asAddress(event.args.recovery);
      return { kind: "recovery-vetoed", ...placeOf(event.args), recovery, consent: consentOf(event.args) };
    }
    default:
      return undefined;
  }
}

function decodeNodeRegistry(log: RawLog): ChainEventBody | undefined {
  const event = decodeKnown({ abi: nodeRegistryAbi, log });
  if (event === undefined || !("node" in event.args)) return undefined;
  const node = asId<NodeId>(event.args.node);
  switch (event.eventName) {
    case "NodeRegistered": {
      const { operator, x, y, bond, shards, addresses } = event.args;
      const signingKey = compressP256({ x: fromHex(x), y: fromHex(y) });
      const owned = { operator: asAddress(operator), signingKey, bondWei: bond, shards };
      return { kind: "node-registered", node, ...owned, ...nodeAddressesOf(addresses) };
    }
    case "AddressesSet":
      return { kind: "node-addresses", node, ...nodeAddressesOf(event.args.addresses) };
    case "ShardsSet":
      return { kind: "node-shards", node, shards: event.args.shards };
    case "NodeRestarted":
      return { kind: "node-restarted", node, generation: event.args.generation };
    case "NodeLeaving":
      return { kind: "node-leaving", node, withdrawableAt: event.args.withdrawableAt };
    case "BondWithdrawn":
      return { kind: "node-left", node };
    case "NodeDropped":
      return { kind: "node-dropped", node };
    case "Checkpoint": {
      const { shard, generation, sequence, headerHash } = event.args;
      return { kind: "checkpoint", node, shard, generation, sequence, headerHash };
    }
    case "NodeDisabled": {
      const { reporter, headerA, signatureA, headerB, signatureB } = event.args;
      return {
        kind: "node-disabled",
        node,
        reporter: asAddress(reporter),
        headerA: fromHex(headerA),
        signatureA: fromHex(signatureA),
        headerB: fromHex(headerB),
        signatureB: fromHex(signatureB),
      };
    }
  }
}

function placeOf(args: { inbox: Hex; by: Hex }): { inbox: InboxId; by: Address } {
  return { inbox: asId(args.inbox), by: asAddress(args.by) };
}

function consentOf(args: { nonce: bigint; deadline: bigint; signature: Hex }) {
  return { nonce: args.nonce, deadline: args.deadline, signature: fromHex(args.signature) };
}

/** Decodes a log; undefined for an event that the ABI does not have. */
function decodeKnown<const T extends Abi>(params: { abi: T; log: RawLog }) {
  const [first, ...rest] = params.log.topics;
  if (first === undefined) return undefined;
  try {
    return decodeEventLog({ abi: params.abi, topics: [first, ...rest], data: params.log.data, strict: true });
  } catch (error) {
    if (error instanceof AbiEventSignatureNotFoundError) return undefined;
    throw error;
  }
}
