import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { PlaceOptions } from "../account/place.ts";
import { runAction } from "../runAction.ts";

/** `weft chat`: talk in a terminal. */
export function addChat(program: Command): void {
  withAccountOptions(program.command("chat"))
    .description("Talk in this terminal; /help inside lists what you can do.")
    .argument("[group]", "name, or the beginning of its id; your newest if left out")
    .addHelpText(
      "after",
      `
Examples:
  $ weft chat --as alice                   beside a running devnet
  $ weft chat Picnic --as bob --node 2     by way of the devnet's node 2
  $ weft chat --network deployments/31337.json --node http://127.0.0.1:7401`,
    )
    .action((group: string | undefined, options: PlaceOptions, command: Command) =>
      runAction({
        command,
        act: async (signal) => {
          const { runChat } = await import("./runChat.ts");
          return await runChat({ options, group, signal });
        },
      }),
    );
}
