import type { StepReader } from "./step.ts";
import { readAdd } from "./steps/add.ts";
import { readChain } from "./steps/chain.ts";
import { readConsent } from "./steps/consent.ts";
import { readCrash } from "./steps/crash.ts";
import { readCreate } from "./steps/create.ts";
import { readDelete } from "./steps/delete.ts";
import { readDisappear } from "./steps/disappear.ts";
import { readEdit } from "./steps/edit.ts";
import { readExpect } from "./steps/expect.ts";
import { readExport } from "./steps/export.ts";
import { readHeal } from "./steps/heal.ts";
import { readImport } from "./steps/import.ts";
import { readInstall } from "./steps/install.ts";
import { readLeave } from "./steps/leave.ts";
import { readOffline } from "./steps/offline.ts";
import { readOnline } from "./steps/online.ts";
import { readPartition } from "./steps/partition.ts";
import { readPrefer } from "./steps/prefer.ts";
import { readReact } from "./steps/react.ts";
import { readRemove } from "./steps/remove.ts";
import { readRename } from "./steps/rename.ts";
import { readReply } from "./steps/reply.ts";
import { readRevoke } from "./steps/revoke.ts";
import { readRole } from "./steps/role.ts";
import { readRotate } from "./steps/rotate.ts";
import { readSend } from "./steps/send.ts";
import { readSettle } from "./steps/settle.ts";
import { readStartNode } from "./steps/startNode.ts";
import { readStopNode } from "./steps/stopNode.ts";
import { readTogether } from "./steps/together.ts";

/** The whole language: a step is one file of `steps/` and one line here. */
export const stepReaders: ReadonlyMap<string, StepReader> = new Map([
  ["create", readCreate],
  ["send", readSend],
  ["reply", readReply],
  ["edit", readEdit],
  ["react", readReact],
  ["add", readAdd],
  ["remove", readRemove],
  ["rotate", readRotate],
  ["rename", readRename],
  ["disappear", readDisappear],
  ["role", readRole],
  ["delete", readDelete],
  ["leave", readLeave],
  ["consent", readConsent],
  ["prefer", readPrefer],
  ["install", readInstall],
  ["revoke", readRevoke],
  ["export", readExport],
  ["import", readImport],
  ["together", readTogether],
  ["offline", readOffline],
  ["online", readOnline],
  ["stopNode", readStopNode],
  ["startNode", readStartNode],
  ["crash", readCrash],
  ["partition", readPartition],
  ["heal", readHeal],
  ["chain", readChain],
  ["settle", readSettle],
  ["expect", readExpect],
]);
