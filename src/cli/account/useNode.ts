import { WeftError } from "../../errors.ts";
import { type Client, type GroupId, preferNode, rankNodes } from "../../index.ts";

/**
 * Talks in a group by way of this node from now on, also after a restart. Throws `bad-config` for a node that is not
 * in the registry.
 */
export async function useNode(params: { client: Client; group: GroupId; url: string }): Promise<void> {
  const { client, group, url } = params;
  const ranked = await rankNodes({ client, group });
  const { origin } = new URL(url);
  const chosen = ranked.find(({ httpAddress }) => URL.parse(httpAddress)?.origin === origin);
  if (chosen === undefined) {
    const hint = `The registry lists for this group ${ranked.map(({ httpAddress }) => httpAddress).join(", ") || "none yet"}.`;
    throw new WeftError({
      code: "bad-config",
      message: `${url} is no registered node that serves this group`,
      hint,
    });
  }
  if (chosen !== ranked[0]) await preferNode({ client, group, node: chosen.node });
}
