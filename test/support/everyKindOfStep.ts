import { testHistory, testInstallation, testWallet } from "./testHistory.ts";
import { testNetwork } from "./testNetwork.ts";

/** A history with a step of every kind, the same each time. */
export function everyKindOfStep() {
  const [alice, second, heir] = [testWallet("alice"), testWallet("alice's second"), testWallet("heir")];
  const history = testHistory({ network: testNetwork, founder: alice });
  const [phone, laptop] = [testInstallation("phone"), testInstallation("laptop")];
  history.create(phone);
  history.link(second, alice);
  history.add(laptop, second);
  history.revoke(phone, alice);
  history.propose(heir, second, 1_000);
  history.veto(heir, alice);
  history.unlink(second, alice);
  return { ...history, alice, second, heir, phone, laptop };
}
