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
  rpc: ["wire", "gen", "net"],
  node: ["wire", "chain", "mesh", "store", "rpc"],
  client: ["wire", "chain", "store", "mls", "identity", "rpc", "net", "reconciler"],
  devnet: ["wire", "chain", "rpc"],
  scenario: ["index[.]ts", "wire", "devnet"],
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
      from: { path: "^src/(wire|mls|identity|client)/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "client-has-one-way-to-nodes",
      comment:
        "whoever opens a client, or a bare wallet, hands it the way to nodes; nothing in it takes another",
      severity: "error",
      from: {
        path: "^src/(wire|store|mls|identity|client)/",
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
