import { type Consent, listGroups } from "../../index.ts";
import { actorOf } from "../actors.ts";
import { type Fields, takeClient, takeCount, takeName, takeTexts, takeWord } from "../fields.ts";
import type { Stage } from "../stage.ts";
import type { StepReader } from "../step.ts";
import { readView, type View, visibleTexts } from "../view.ts";
import { consents } from "./consent.ts";

type Expectation = {
  by: string;
  group: string;
  sees: string[];
  not: string[];
  /** Reactions as "👍 2 m1": text, how many, to which message. */
  reactions: string[];
  /** How the person stands to the group; undefined: not looked at. */
  consent: Consent | undefined;
  gaps: number;
};

/** `{"do":"expect","by":"bob","group":"g","sees":["hello"],"not":["secret"],"reactions":["👍 2 m1"],"consent":"unknown","gaps":0}`: looks at once. */
export const readExpect: StepReader = (fields) => {
  const expectation = {
    by: takeClient(fields, "by"),
    group: takeName(fields, "group"),
    sees: takeTexts(fields, "sees", true),
    not: takeTexts(fields, "not", true),
    reactions: takeTexts(fields, "reactions", true),
    consent: takeConsent(fields),
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

function takeConsent(fields: Fields): Consent | undefined {
  const word = takeWord(fields, "consent", { words: ["any", ...consents], absent: "any" });
  return word === "any" ? undefined : word;
}

async function compare(params: { stage: Stage; expectation: Expectation }): Promise<string[]> {
  const { stage, expectation } = params;
  const { by, sees, not, reactions, gaps } = expectation;
  const group = stage.groups.get(expectation.group);
  const actor = await actorOf({ stage, name: by });
  const view = group === undefined ? undefined : await readView({ actor, group });
  const texts = view === undefined ? [] : visibleTexts(view);
  const shown = view === undefined ? [] : shownReactions({ stage, view });
  const found = view?.state.gaps ?? 0;
  const consent = listGroups({ client: actor.client }).find((one) => one.group === group)?.consent;
  const { consent: wanted = consent } = expectation;
  return [
    ...(consent === wanted ? [] : [`${expectation.group} is ${consent} to ${by}, not ${wanted}`]),
    ...sees.filter((text) => !texts.includes(text)).map((text) => `${by} does not see "${text}"`),
    ...not.filter((text) => texts.includes(text)).map((text) => `${by} sees "${text}"`),
    ...reactions
      .filter((one) => !shown.includes(one))
      .map((one) => `${by} does not see the reaction ${one}, but ${shown.join(", ") || "none"}`),
    ...(found > gaps ? [`${by} has ${found} gaps, ${gaps} are allowed`] : []),
  ];
}

function shownReactions({ stage, view }: { stage: Stage; view: View }): string[] {
  const names = new Map([...stage.messages].map(([name, message]) => [message, name]));
  return view.items.flatMap((item) =>
    item.kind !== "message"
      ? []
      : (item.reactions ?? []).map(({ text, inboxes }) => `${text} ${inboxes.length} ${names.get(item.id)}`),
  );
}
