import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** The three contracts, and the one that makes passkeys' wallets; parameters have no defaults, so that nobody deploys by chance what can't be changed. */
export default buildModule("Weft", (m) => ({
  commitLog: m.contract("CommitLog"),
  identityRegistry: m.contract("IdentityRegistry", [m.getParameter("recoveryDelaySeconds")]),
  nodeRegistry: m.contract("NodeRegistry", [
    m.getParameter("bond"),
    m.getParameter("leaveDelaySeconds"),
    m.getParameter("shards"),
  ]),
  passkeyWallets: m.contract("PasskeyWallets"),
}));
