import { randomBytes } from "#crypto";
import {
  signAddInstallation,
  signLinkWallet,
  signRevokeInstallation,
  signSetRecovery,
} from "../../../src/chain/sign/signIdentity.ts";
import type { Wallet } from "../../../src/chain/sign/wallet.ts";
import { walletFromKey } from "../../../src/chain/sign/walletFromKey.ts";
import { createInstallation } from "../../../src/identity/createInstallation.ts";
import { createKeyPackageRecord } from "../../../src/identity/createKeyPackageRecord.ts";
import type { Authorization } from "../../../src/wire/identityAction.ts";
import type { StepConsent } from "../../../src/wire/identityStep.ts";
import { type Address, asAddress, type InboxId, type InstallationKey, toHex } from "../../../src/wire/ids.ts";
import { signInstallationProof } from "../../../src/wire/installationProof.ts";
import type { RecordBody } from "../chainRules.ts";
import { type Block, headOf, walletOf } from "../memoryChain.ts";
import type { World } from "../world.ts";
import { keeping } from "./entryLies.ts";
import { insertion } from "./falseChain.ts";
import type { Ghost, Lie, Scene } from "./lie.ts";

type Known = {
  readonly inbox: InboxId;
  readonly wallet: Address;
  readonly installations: readonly InstallationKey[];
};

/** About an inbox's history: steps that never were, or one that was and is left out. */
export async function registryLie(world: World, scene: Scene): Promise<Lie | undefined> {
  const known = inboxesOn(world);
  const victim = known[Math.floor(scene.detail / 5) % Math.max(1, known.length)];
  if (!victim) return undefined;
  switch (scene.detail % 5) {
    case 0:
      return await haunt(world, scene, victim);
    case 1:
      return await hauntByLink(world, scene, victim);
    case 2:
      return await recover(world, scene, victim);
    case 3:
      return await revoke(world, scene, victim);
    default:
      return leaveOut(world, scene);
  }
}

/** A wallet of the liar's under somebody else's address: all is as it should be but the key that signs. */
function asIf(address: Address): Wallet {
  const { signTypedData } = stranger();
  return { address, signTypedData };
}

function stranger(): Wallet {
  return walletFromKey(toHex(randomBytes(32)));
}

/** One installation more, as if added by the victim's wallet. */
async function haunt(world: World, { since }: Scene, victim: Known): Promise<Lie> {
  const { ghost, body } = await invent(world, victim.inbox, asIf(victim.wallet));
  return haunting("an installation that nobody added", ghost, since, [body]);
}

/** One installation more, truly added by a wallet that is not linked to the inbox. */
async function hauntByLink(world: World, { since }: Scene, { inbox, wallet: owner }: Known): Promise<Lie> {
  const { network } = world.chain;
  const other = stranger();
  const wallet = asAddress(other.address);
  const by = { wallet: asIf(owner), nonce: nonceOf(world, owner) };
  const link = await signLinkWallet({ network, inbox, by, wallet: { wallet: other, nonce: 0n } });
  if (link.kind !== "link-wallet") throw new Error("a link is signed");
  const linked = {
    ...({ kind: "wallet-linked", inbox, wallet, by: owner } as const),
    ...{ walletConsent: consentOf(link.wallet), byConsent: consentOf(link.by) },
  };
  const { ghost, body } = await invent(world, inbox, other);
  return haunting("a wallet and an installation that nobody added", ghost, since, [linked, body]);
}

function haunting(name: string, ghost: Ghost, since: number, bodies: readonly RecordBody[]): Lie {
  return {
    name,
    ghost,
    forge: insertion(since, bodies),
    answers: (api, notice) => ({
      getKeyPackages: async (params, call) => {
        const served = await api.getKeyPackages(params, call);
        if (params.installations.includes(ghost.installation)) notice();
        return served.map((one, i) =>
          params.installations[i] === ghost.installation ? ghost.envelope : one,
        );
      },
    }),
  };
}

async function invent(
  world: World,
  inbox: InboxId,
  signer: Wallet,
): Promise<{ ghost: Ghost; body: RecordBody }> {
  const { network } = world.chain;
  const own = createInstallation();
  const { key: installation, privateKey } = own;
  const nowMs = world.time.nowMs();
  const made = createKeyPackageRecord({ network, inbox, installation: own, generation: 1, nowMs });
  const installationSignature = signInstallationProof({ network, inbox, privateKey });
  const wallet = asAddress(signer.address);
  const nonce = wallet === walletOf(world.chain, inbox) ? nonceOf(world, wallet) : 1n;
  const signed = await signAddInstallation({
    ...{ network, inbox, installation, installationSignature, signer: { wallet: signer, nonce } },
  });
  const consent = consentOf(signed.wallet);
  return {
    ghost: { installation, keyPackage: made.own, envelope: made.envelope },
    body: {
      ...{ kind: "installation-added", inbox, installation, installationSignature, isVoid: false },
      ...{ wallet, consent },
    },
  };
}

/** The inbox has another recovery wallet, and that has revoked whatever the inbox has. */
async function recover(
  world: World,
  { since }: Scene,
  { inbox, wallet, installations }: Known,
): Promise<Lie> {
  const { network } = world.chain;
  const other = stranger();
  const recovery = asAddress(other.address);
  const by = { wallet: asIf(wallet), nonce: nonceOf(world, wallet) };
  const signed = await signSetRecovery({ network, inbox, recovery, by });
  const changed = {
    ...({ kind: "recovery-proposed", inbox, recovery, by: wallet, changesAt: 0 } as const),
    consent: consentOf(signed.by),
  };
  const revoked = await Promise.all(installations.map((one) => revocation(world, inbox, one, other)));
  return { name: "a recovery wallet that nobody named", forge: insertion(since, [changed, ...revoked]) };
}

async function revoke(world: World, scene: Scene, { inbox, installations, wallet }: Known): Promise<Lie> {
  const { since, detail } = scene;
  const some = detail % 2 === 0 ? installations : installations.slice(0, 1);
  const revoked = await Promise.all(some.map((one) => revocation(world, inbox, one, asIf(wallet))));
  return { name: "a revocation that never was", forge: insertion(since, revoked) };
}

async function revocation(
  { chain }: World,
  inbox: InboxId,
  installation: InstallationKey,
  wallet: Wallet,
): Promise<RecordBody> {
  const signed = await signRevokeInstallation({ network: chain.network, inbox, installation, wallet });
  const { by, signature } = signed;
  return { kind: "installation-revoked", inbox, installation, by, signature };
}

/** Revocations if there are any, else an installation that was added. */
function leaveOut(world: World, { detail }: Scene): Lie {
  const { chain } = world;
  const records = chain.blocks.flatMap((block) => block.records);
  const revocations = records.filter(({ kind }) => kind === "installation-revoked");
  const additions = records.filter(({ kind }) => kind === "installation-added");
  const steps = revocations.length > 0 ? revocations : additions;
  const step = steps[detail % Math.max(1, steps.length)];
  const isIt = (record: Block["records"][number]): boolean =>
    step !== undefined &&
    "installation" in step &&
    "installation" in record &&
    record.kind === step.kind &&
    record.installation === step.installation;
  return { name: `a step left out: ${step?.kind}`, forge: (blocks) => keeping(blocks, (one) => !isIt(one)) };
}

function consentOf({ nonce, deadline, signature }: Authorization): StepConsent {
  return { nonce, deadline, signature };
}

function nonceOf({ chain }: World, wallet: Address): bigint {
  return headOf(chain)?.state.wallets.get(wallet)?.nonce ?? 0n;
}

/** By what the chain says. */
function inboxesOn({ chain }: World): Known[] {
  const { inboxes } = headOf(chain)?.state ?? {};
  return [...(inboxes ?? [])].flatMap(([inbox, installations]): Known[] => {
    const wallet = walletOf(chain, inbox);
    const active = [...installations].filter(([, status]) => status === "active");
    if (!wallet) return [];
    return [{ inbox, wallet, installations: active.map(([key]) => key as InstallationKey) }];
  });
}
