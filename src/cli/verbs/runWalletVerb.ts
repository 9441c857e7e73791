import type { Command } from "commander";
import type { Hex, WalletPlace } from "../../index.ts";
import { runAction } from "../runAction.ts";
import type { VerbOptions } from "./runVerb.ts";

export type WalletVerbOptions = VerbOptions & { readonly wallet?: string; readonly inbox?: string };

/** What a verb that needs no more than the wallet is given. */
export type Given = {
  readonly place: WalletPlace;
  /** The installation of this machine, if it was ever set up. */
  readonly own: string | undefined;
};

/** Runs a verb for the wallet that its options name: no database is opened, no device set up. */
export function runWalletVerb(params: {
  command: Command;
  options: WalletVerbOptions;
  act: (given: Given) => Promise<number>;
}): Promise<void> {
  const { command, options, act } = params;
  return runAction({
    command,
    act: async (signal) => {
      const { findPlace } = await import("../account/place.ts");
      const { loadPayer } = await import("../account/loadPayer.ts");
      const { readWallet, readWalletFile } = await import("../account/loadWallet.ts");
      const { readProfile } = await import("../account/profile.ts");
      const { directory, home, network, nodes, devnetNodes } = await findPlace(options);
      const chain = await loadPayer(options);
      const profile = readProfile(home);
      const { wallet: file } = options;
      const wallet = await (file === undefined ? readWallet(directory) : readWalletFile(file));
      // Another wallet than one's own acts for one's own inbox: it need not be in it.
      const inbox = options.inbox ?? (file === undefined ? undefined : profile?.inbox);
      const place: WalletPlace = {
        ...{ wallet, network, nodes, signal },
        ...(inbox === undefined ? {} : { inbox: inbox as Hex }),
        ...(chain ? { chain } : {}),
        ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
        witnesses: devnetNodes.length === 1 ? "one-operator" : [],
      };
      return await act({ place, own: profile?.installation });
    },
  });
}
