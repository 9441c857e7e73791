/** The import rules of docs/protocol.md, section 1: which room may see which. */

const leaves = ["^src/errors[.]ts$", "^src/config[.]ts$", "^src/crypto/", "^src/clock/"];

/** Own rooms that each room may import, besides itself and the leaves. */
const rooms = {
  net: [],
  wire: ["gen"],
  chain: ["wire", "net"],
  mesh: ["wire", "gen"],
  store: ["wire"],
  mls: [],
  identity: ["wire", "mls"],
  reconciler: ["wire", "mls", "identity"],
  rpc: ["wire", "gen", "net"],
  node: ["wire", "chain", "mesh", "store", "rpc"],
  client: ["wire", "chain", "store", "mls", "identity", "rpc", "net", "reconciler"],
  devnet: ["wire", "chain", "rpc"],
  // A play lets clients die as no app can.
  scenario: ["index[.]ts", "client/crashAtNextWrite[.]ts", "wire", "devnet"],
};

/** Of other rooms the reconciler sees what has no effects: no promise, no clock, no chance, nothing that it changes. */
const pure = [
  "^src/errors[.]ts$",
  // Of `#crypto` it takes no chance: test/reconciler/effects.test.ts sees by name what it imports.
  "^src/crypto/(nodeBackend|nobleBackend|concatBytes|equalBytes|privateKeyFromSeed|secp256k1|zero)[.]ts$",
  "^src/wire/(?!letOthersRun|proofOfWork|welcomePayload)",
  "^src/mls/(applyCommit|exportSecret|groupState|members|openMessage|pathEvidence|verifyCommit)[.]ts$",
  "^src/identity/(credential|inbox|inboxHistory|replayHistory)[.]ts$",
];

/** The folders of three rooms in one direction: each sees those before it, never one behind it. */
const folders = {
  chain: ["abi", "layout", "provider", "read", "follow", "sign", "submit", "relay", "registry", "deploy"],
  reconciler: [
    "policy",
    "witness",
    "nodes",
    "records",
    "branch",
    "inboxes",
    "timeline",
    "messages",
    "view",
    "entries",
    "upkeep",
    "intents",
  ],
  // What apps call stands in src/client itself, and sees all of them.
  client: [
    "timing",
    "database",
    "nodes",
    "witness",
    "directory",
    "wallet",
    "group",
    "asking",
    "messages",
    "entries",
    "joining",
    "links",
    "coverage",
    "identity",
    "outbox",
    "upkeep",
    "own",
    "history",
  ],
};

/** The dependencies that each room hides: nobody else imports them. */
const hidden = {
  crypto: ["@noble/"],
  chain: ["viem", "hardhat", "@nomicfoundation/"],
  mesh: ["libp2p", "@libp2p/", "@chainsafe/", "@multiformats/"],
  store: ["level", "abstract-level", "classic-level", "browser-level"],
  rpc: ["@connectrpc/"],
  net: ["undici", "socks"],
  cli: ["commander"],
};

const inRoom = (room) => (room.includes("[.]") ? `^src/${room}$` : `^src/${room}/`);
const inFolder = (room) => (name) => `^src/${room}/${name}/`;
const packages = (names) => `(^|node_modules/)(${names.map((name) => name.replace("/", "\\/")).join("|")})`;

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { pathNot: "^src/gen/" } },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "leaves-import-nothing",
      comment: "errors, config, crypto and clock see no room",
      severity: "error",
      from: { path: leaves },
      to: { path: "^src/", pathNot: leaves },
    },
    {
      name: "generated-code-is-plain",
      severity: "error",
      from: { path: "^src/gen/" },
      to: { path: "^src/", pathNot: "^src/gen/" },
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `${room}-sees-only-its-neighbours`,
      severity: "error",
      from: { path: inRoom(room) },
      to: { path: "^src/", pathNot: [...leaves, inRoom(room), ...allowed.map(inRoom)] },
    })),
    ...Object.entries(folders).flatMap(([room, names]) => [
      ...names.map((name, i) => ({
        name: `${room}-${name}-sees-only-folders-before-it`,
        severity: "error",
        from: { path: inFolder(room)(name) },
        to: { path: inRoom(room), pathNot: names.slice(0, i + 1).map(inFolder(room)) },
      })),
      {
        name: `${room}-folders-have-a-place`,
        comment: "a new folder is put into the order above",
        severity: "error",
        from: {
          path: room === "client" ? `^src/${room}/[^/]+/` : inRoom(room),
          pathNot: names.map(inFolder(room)),
        },
        to: {},
      },
    ]),
    {
      name: "reconciler-has-no-effects",
      comment: "rules are functions of what they are given; what they can't see is in the list `pure`",
      severity: "error",
      from: { path: inRoom("reconciler") },
      to: { pathNot: [inRoom("reconciler"), ...pure] },
    },
    {
      name: "cli-is-the-top",
      comment: "nothing imports the command line; processes start it",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/cli/" },
      to: { path: "^src/cli/" },
    },
    ...Object.entries(hidden).map(([room, names]) => ({
      name: `${room}-hides-its-dependency`,
      severity: "error",
      // A play draws wallets, which are viem's accounts.
      from: { path: "^src/", pathNot: [inRoom(room), "^src/scenario/openActor[.]ts$"] },
      to: { path: packages(names) },
    })),
    {
      name: "portable-rooms-need-no-node",
      comment: "these run in browsers too",
      severity: "error",
      from: { path: "^src/(wire|mls|identity|reconciler|client)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "client-has-one-way-to-nodes",
      comment:
        "whoever opens a client, or a bare wallet, hands it the way to nodes; nothing in it takes another",
      severity: "error",
      from: {
        path: "^src/(wire|store|mls|identity|reconciler|client)/",
        pathNot: "^src/client/(openClient|wallet/openWallet)[.]ts$",
      },
      to: {
        path: "^src/rpc/(connectNode|transport|nodeTransport|webTransport)[.]ts$",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "sources-see-no-tests",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|scripts|examples)/" },
    },
    {
      name: "no-dev-dependencies-in-sources",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".js", ".json"],
    },
  },
};
