#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { Command } from "commander";
import pc from "picocolors";
import { addChat } from "./chat/chat.ts";
import { addDeploy } from "./deploy.ts";
import { addDevnet } from "./devnet.ts";
import { addNode } from "./node.ts";
import { addScenario } from "./scenario.ts";
import { addAdd } from "./verbs/add.ts";
import { addAllow, addBlock } from "./verbs/consent.ts";
import { addCreate } from "./verbs/create.ts";
import { addDevices } from "./verbs/devices.ts";
import { addDisappear } from "./verbs/disappear.ts";
import { addEdit } from "./verbs/edit.ts";
import { addExport } from "./verbs/export.ts";
import { addGroups } from "./verbs/groups.ts";
import { addHistory } from "./verbs/history.ts";
import { addImport } from "./verbs/import.ts";
import { addLink } from "./verbs/link.ts";
import { addList } from "./verbs/list.ts";
import { addMembers } from "./verbs/members.ts";
import { addReact } from "./verbs/react.ts";
import { addRecover } from "./verbs/recover.ts";
import { addRequests } from "./verbs/requests.ts";
import { addRevoke } from "./verbs/revoke.ts";
import { addSearch } from "./verbs/search.ts";
import { addSend } from "./verbs/send.ts";
import { addStream } from "./verbs/stream.ts";
import { addUnlink } from "./verbs/unlink.ts";
import { addVeto } from "./verbs/veto.ts";
import { addWallets } from "./verbs/wallets.ts";
import { addWhoami } from "./verbs/whoami.ts";

// Commands load what they need when they run: a node starts in two thirds of the time.
enableCompileCache();

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const program = new Command("weft")
  .description("Encrypted group conversations over a mesh of independent nodes, ordered by a chain.")
  .version(manifest.version)
  .option("--debug", "show where an error came from")
  .configureHelp({
    styleTitle: pc.bold,
    styleCommandText: pc.cyan,
    styleOptionText: pc.green,
    styleSubcommandText: pc.cyan,
    showGlobalOptions: true,
  })
  .showHelpAfterError("(weft --help lists commands and options)")
  .addHelpText(
    "after",
    `
Examples:
  $ weft devnet --nodes 5                  a chain, contracts and five nodes, until Ctrl-C
  $ weft chat --as alice                   talk, beside a devnet that runs
  $ weft scenario scripts/scenarios/races.jsonl
  $ weft node info http://127.0.0.1:7401   what a node says of itself`,
  );

const network = [addDevnet, addScenario, addNode, addDeploy];
const people = [
  addChat,
  addWhoami,
  addGroups,
  addRequests,
  addAllow,
  addBlock,
  addCreate,
  addAdd,
  addMembers,
  addSend,
  addEdit,
  addReact,
  addDisappear,
  addList,
  addSearch,
  addStream,
  addDevices,
  addRevoke,
  addHistory,
  addExport,
  addImport,
  addWallets,
  addLink,
  addUnlink,
  addRecover,
  addVeto,
];
for (const add of [...network, ...people]) add(program);

await program.parseAsync();
