import type { ProviderMood } from "../openProvider.ts";
import { chosen } from "../world.ts";
import type { Verb } from "./verb.ts";

/** No blocks; reads and the mempool go on. */
export const stallChain: Verb = async ({ world }) => {
  await world.devnet.chain.pause();
  return () => world.devnet.chain.resume();
};

/** The newest blocks are replaced by empty ones: their transactions are gone for good. */
export const reorganizeChain: Verb = async ({ world, fault }) => {
  const { chain } = world.devnet;
  await chain.pause();
  await chain.reorg({ depth: Number(fault.how) });
  return () => chain.resume();
};

/** The chain providers of these nodes go wrong. */
export const disturbProviders: Verb = async ({ world, fault }) => {
  const providers = chosen(world.nodes, fault.on).map((seat) => seat.provider);
  await Promise.all(providers.map((provider) => provider.turn(fault.how as ProviderMood)));
  return () => {
    for (const provider of providers) provider.mend();
  };
};
