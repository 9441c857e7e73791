import type { DevnetNode } from "../devnet/devnetNode.ts";
import { WeftError } from "../errors.ts";
import type { Address } from "../wire/ids.ts";
import { openActor } from "./openActor.ts";
import { personOf } from "./personOf.ts";
import type { Actor, Stage } from "./stage.ts";

/** The client of that name, made on first use; "alice/2" with alice's wallet. */
export function actorOf(params: { stage: Stage; name: string }): Promise<Actor> {
  const { stage, name } = params;
  const known = stage.actors.get(name);
  if (known !== undefined) return known;
  const person = personOf(name);
  const index = stage.actors.size;
  const opening =
    person === name
      ? openActor({ stage, name, index })
      : actorOf({ stage, name: person }).then(({ wallet }) => openActor({ stage, name, index, wallet }));
  stage.actors.set(name, opening);
  return opening;
}

/** Wallet addresses of clients, which are made on first use. */
export async function addressesOf(params: { stage: Stage; names: readonly string[] }): Promise<Address[]> {
  const { stage, names } = params;
  const actors = await Promise.all(names.map((name) => actorOf({ stage, name })));
  return actors.map((actor) => actor.address);
}

export function nodeOf(params: { stage: Stage; number: number }): DevnetNode {
  const node = params.stage.devnet.nodes[params.number - 1];
  if (node === undefined) throw new WeftError({ code: "internal", message: `no node ${params.number}` });
  return node;
}

/** Everyone who has been on stage so far. */
export function actorsOf(stage: Stage): Promise<Actor[]> {
  return Promise.all(stage.actors.values());
}
