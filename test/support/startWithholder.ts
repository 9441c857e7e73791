import type { QueryPage, StoredEnvelope, SubscriptionEvent } from "../../src/rpc/nodeApi.ts";
import { type Lies, type LyingNode, startLyingNode } from "./startLyingNode.ts";
import type { TestNode } from "./startTestNode.ts";

export type Withholder = LyingNode & {
  /** From now on it leaves these out of what it serves, in streams that are open, too. */
  readonly hide: (isHidden: (one: StoredEnvelope) => boolean) => void;
};

/** A node that leaves envelopes out of topics, and otherwise tells the truth. */
export async function startWithholder(params: {
  node: TestNode;
  /** What else it says. */
  lies?: Lies;
}): Promise<Withholder> {
  let isHidden = (_: StoredEnvelope): boolean => false;
  const shown = <Page extends QueryPage>(page: Page): Page => ({
    ...page,
    envelopes: page.envelopes.filter((one) => !isHidden(one)),
  });
  const node = await startLyingNode({
    node: params.node,
    lies: (api) => ({
      query: async (request, call) => shown(await api.query(request, call)),
      subscribe: async function* (request, call): AsyncGenerator<SubscriptionEvent> {
        for await (const event of api.subscribe(request, call)) {
          yield event.kind === "page" ? shown(event) : event;
        }
      },
      ...params.lies?.(api),
    }),
  });
  return {
    ...node,
    hide: (hidden) => {
      isHidden = hidden;
    },
  };
}
