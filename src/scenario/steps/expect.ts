import { actorOf } from "../actors.ts";
import { takeClient, takeCount, takeName, takeTexts } from "../fields.ts";
import type { Stage } from "../stage.ts";
import type { StepReader } from "../step.ts";
import { readView, visibleTexts } from "../view.ts";

type Expectation = { by: string; group: string; sees: string[]; not: string[]; gaps: number };

/** `{"do":"expect","by":"bob","group":"g","sees":["hello"],"not":["secret"],"gaps":0}`: looks at once. */
export const readExpect: StepReader = (fields) => {
  const expectation = {
    by: takeClient(fields, "by"),
    group: takeName(fields, "group"),
    sees: takeTexts(fields, "sees", true),
    not: takeTexts(fields, "not", true),
    gaps: takeCount(fields, "gaps", { min: 0, absent: 0 }),
  };
  return {
    title: `${expectation.by} sees what is expected`,
    body: {
      kind: "move",
      clients: [expectation.by],
      nodes: [],
      play: async (stage) => {
        const { by, group, gaps } = expectation;
        stage.allowedGaps.push({ by, group, gaps });
        const lacks = await compare({ stage, expectation });
        return lacks.length === 0 ? { kind: "done" } : { kind: "unmet", lacks };
      },
    },
  };
};

async function compare(params: { stage: Stage; expectation: Expectation }): Promise<string[]> {
  const { stage, expectation } = params;
  const { by, sees, not, gaps } = expectation;
  const group = stage.groups.get(expectation.group);
  const actor = await actorOf({ stage, name: by });
  const view = group === undefined ? undefined : await readView({ actor, group });
  const texts = view === undefined ? [] : visibleTexts(view);
  const found = view?.state.gaps ?? 0;
  return [
    ...sees.filter((text) => !texts.includes(text)).map((text) => `${by} does not see "${text}"`),
    ...not.filter((text) => texts.includes(text)).map((text) => `${by} sees "${text}"`),
    ...(found > gaps ? [`${by} has ${found} gaps, ${gaps} are allowed`] : []),
  ];
}
