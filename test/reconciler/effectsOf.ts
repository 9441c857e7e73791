import ts from "typescript";

/** What takes its value from outside, or gives something there, or takes time. */
const FORBIDDEN = new Set([
  ...["Promise", "PromiseLike", "queueMicrotask", "Atomics", "Worker", "MessageChannel"],
  ...[
    "Date",
    "performance",
    "setTimeout",
    "setInterval",
    "setImmediate",
    "requestAnimationFrame",
    "Temporal",
  ],
  ...["AbortSignal", "AbortController", "EventTarget", "Event"],
  ...[
    "crypto",
    "process",
    "console",
    "globalThis",
    "window",
    "document",
    "navigator",
    "localStorage",
    "indexedDB",
  ],
  ...["fetch", "WebSocket", "XMLHttpRequest", "EventSource", "require", "eval", "Function", "Intl"],
]);

/** Functions of other rooms that draw, or take time. */
const DRAWS = /^(random|generate|draw|seal|solve)[A-Z]/;

/** The effects that a source file has, each with its line; a rule has none. */
export function effectsOf(name: string, text: string): string[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const what = effectOf(node);
    if (what) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push(`${name}:${line + 1} ${what}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function effectOf(node: ts.Node): string | undefined {
  if (ts.isAwaitExpression(node)) return "await";
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return "async";
  if (ts.isForOfStatement(node) && node.awaitModifier) return "for await";
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return "import()";
  if (ts.isImportSpecifier(node)) {
    const name = (node.propertyName ?? node.name).text;
    return DRAWS.test(name) ? `imports ${name}` : undefined;
  }
  if (ts.isNamespaceImport(node)) return "imports all of a module, so that nobody sees what of it";
  if (!ts.isIdentifier(node) || isOnlyAName(node)) return undefined;
  if (FORBIDDEN.has(node.text)) return node.text;
  return node.text === "Math" && !isHarmlessMath(node) ? "Math.random, or Math as a whole" : undefined;
}

/** Of a member, a field or a label: it names nothing outside. */
function isOnlyAName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) return parent.name === node;
  return ts.isBindingElement(parent) && parent.propertyName === node;
}

function isHarmlessMath({ parent }: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(parent) && parent.name.text !== "random";
}
