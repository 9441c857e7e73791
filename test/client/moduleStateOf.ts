import ts from "typescript";

/** Methods that change what they are called on. */
const CHANGES = new Set([
  ...["set", "add", "delete", "clear"],
  ...["push", "pop", "shift", "unshift", "splice", "sort", "reverse", "fill"],
]);
const WEAK = new Set(["WeakMap", "WeakSet", "WeakRef"]);

/** Names of a source file that hold state beside what its functions are given, each with why it is taken for that. */
export function moduleStateOf(name: string, text: string): string[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const declared = source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) =>
    declarationList.declarations.map((one) => ({
      one,
      isConst: (declarationList.flags & ts.NodeFlags.Const) > 0,
    })),
  );
  const changed = changedNames(source);
  return declared.flatMap(({ one, isConst }) => {
    const id = one.name.getText(source);
    const why = isConst ? (heldBy(one.initializer) ?? changed.get(id)) : "can be assigned";
    return why ? [`${name}: ${id} ${why}`] : [];
  });
}

/** State that a value is made for. */
function heldBy(value: ts.Expression | undefined): string | undefined {
  if (!value) return undefined;
  if (ts.isNewExpression(value) && WEAK.has(value.expression.getText())) return "remembers by object";
  const isMade = ts.isCallExpression(value) && /^create[A-Z]/.test(value.expression.getText());
  return isMade ? "is made for all" : undefined;
}

/** What is changed in a file, by the name that it is changed by. */
function changedNames(source: ts.SourceFile): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    const changed = changedBy(node);
    if (changed && ts.isIdentifier(changed)) found.set(changed.text, "is changed");
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** What a call or an assignment changes. */
function changedBy(node: ts.Node): ts.Expression | undefined {
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    return CHANGES.has(node.expression.name.text) ? node.expression.expression : undefined;
  }
  const isAssignment =
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
    node.operatorToken.kind <= ts.SyntaxKind.LastAssignment;
  const target = isAssignment ? node.left : ts.isDeleteExpression(node) ? node.expression : counted(node);
  const isPart = target && (ts.isPropertyAccessExpression(target) || ts.isElementAccessExpression(target));
  return isPart ? target.expression : undefined;
}

function counted(node: ts.Node): ts.Expression | undefined {
  if (ts.isPostfixUnaryExpression(node)) return node.operand;
  const { PlusPlusToken, MinusMinusToken } = ts.SyntaxKind;
  const isCounting =
    ts.isPrefixUnaryExpression(node) &&
    (node.operator === PlusPlusToken || node.operator === MinusMinusToken);
  return isCounting ? node.operand : undefined;
}
