import ts from 'typescript';

/**
 * Whether a compiled module does something when it is imported, besides defining what is its own: that
 * is, whether a statement at its top level is neither a declaration nor a decorator.
 */
export function hasImportEffects(code: string): boolean {
  const file = ts.createSourceFile('module.js', code, ts.ScriptTarget.ESNext);
  return file.statements.some((statement) => !isDefinition(statement));
}

function isDefinition(statement: ts.Statement): boolean {
  return (
    ts.isImportDeclaration(statement) ||
    ts.isExportDeclaration(statement) ||
    ts.isVariableStatement(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    isDecoration(statement)
  );
}

/** `Service = __decorate([...], Service);`, and of members without the assignment. */
function isDecoration(statement: ts.Statement): boolean {
  if (!ts.isExpressionStatement(statement)) {
    return false;
  }
  const { expression } = statement;
  // Of a class that is named in itself: `Service = Service_1 = __decorate(...)`.
  const call = innermostValue(expression);
  return (
    ts.isCallExpression(call) &&
    ts.isIdentifier(call.expression) &&
    call.expression.text === '__decorate'
  );
}

function innermostValue(expression: ts.Expression): ts.Expression {
  return ts.isBinaryExpression(expression) &&
    expression.operatorToken.kind === ts.SyntaxKind.EqualsToken
    ? innermostValue(expression.right)
    : expression;
}
