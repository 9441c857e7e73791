import { randomBytes } from "#crypto";
import { createInstallation } from "../../../src/identity/createInstallation.ts";
import { createKeyPackageRecord } from "../../../src/identity/createKeyPackageRecord.ts";
import { type Address, asAddress, type InboxId, type InstallationKey } from "../../../src/wire/ids.ts";
import { signInstallationProof } from "../../../src/wire/installationProof.ts";
import type { RecordBody } from "../chainRules.ts";
import { type Block, headOf, walletOf } from "../memoryChain.ts";
import type { World } from "../world.ts";
import { keeping } from "./entryLies.ts";
import { withRecords } from "./falseChain.ts";
import type { Ghost, Lie, Scene } from "./lie.ts";

const INVENTED_LOG_INDEX = 2_000;

type Known = {
  readonly inbox: InboxId;
  readonly wallet: Address;
  readonly installations: readonly InstallationKey[];
};

/** About an inbox's history: steps that never were, or one that was and is left out. */
export function registryLie(world: World, scene: Scene): Lie | undefined {
  const known = inboxesOn(world);
  const variant = scene.detail % 5;
  const victim = known[Math.floor(scene.detail / 5) % Math.max(1, known.length)];
  if (!victim) return undefined;
  switch (variant) {
    case 0:
      return haunt(world, scene, victim);
    case 1:
      return haunt(world, scene, victim, asAddress(randomBytes(20)));
    case 2:
      return recover(scene, victim);
    case 3:
      return revoke(scene, victim);
    default:
      return leaveOut(world, scene);
  }
}

/** One installation more, added by the victim's wallet or by one that is said to be linked to the inbox. */
function haunt(world: World, { since }: Scene, victim: Known, wallet?: Address): Lie {
  const { inbox } = victim;
  const { ghost, signature } = inventInstallation(world, inbox);
  const added = {
    ...({ kind: "installation-added", inbox, installation: ghost.installation } as const),
    ...{ wallet: wallet ?? victim.wallet, installationSignature: signature },
  };
  const linked = wallet && ({ kind: "wallet-linked", inbox, wallet } as const);
  return {
    name: wallet ? "a wallet and an installation that nobody added" : "an installation that nobody added",
    ghost,
    forge: insertion(since, linked ? [linked, added] : [added]),
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

function inventInstallation(world: World, inbox: InboxId): { ghost: Ghost; signature: Uint8Array } {
  const { network } = world.chain;
  const installation = createInstallation();
  const { key, privateKey } = installation;
  const nowMs = world.time.nowMs();
  const { own, envelope } = createKeyPackageRecord({ network, inbox, installation, generation: 1, nowMs });
  return {
    ghost: { installation: key, keyPackage: own, envelope },
    signature: signInstallationProof({ network, inbox, privateKey }),
  };
}

/** The inbox has another recovery wallet, and that has revoked whatever the inbox has. */
function recover({ since }: Scene, { inbox, installations }: Known): Lie {
  const recovery = asAddress(randomBytes(20));
  const changed = { kind: "recovery-proposed", inbox, recovery, changesAt: 0 } as const;
  return {
    name: "a recovery wallet that nobody named",
    forge: insertion(since, [changed, ...installations.map((one) => revocation(inbox, one))]),
  };
}

function revoke({ since, detail }: Scene, { inbox, installations }: Known): Lie {
  const some = detail % 2 === 0 ? installations : installations.slice(0, 1);
  return {
    name: "a revocation that never was",
    forge: insertion(
      since,
      some.map((one) => revocation(inbox, one)),
    ),
  };
}

function revocation(inbox: InboxId, installation: InstallationKey) {
  return { kind: "installation-revoked", inbox, installation } as const;
}

/** Revocations if there are any, else the last installation that was added. */
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
  return {
    name: `a step left out: ${step?.kind}`,
    forge: (blocks) => keeping(blocks, (record) => !isIt(record)),
  };
}

/** As if a block that everybody has by now had held them, too. */
export function insertion(
  block: number,
  bodies: readonly RecordBody[],
): (blocks: readonly Block[]) => readonly Block[] {
  return (blocks) =>
    blocks.map((one) => {
      if (one.ref.number !== block) return one;
      const records = bodies.map((body, i) => ({
        ...body,
        block: one.ref,
        logIndex: INVENTED_LOG_INDEX + one.records.length + i,
      }));
      return withRecords(one, [...one.records, ...records]);
    });
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
