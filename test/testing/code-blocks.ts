/** The pieces of code of a page, by the path in the comment that each begins with. */
export function codeBlocks(page: string): Readonly<Record<string, string>> {
  const blocks = page.matchAll(/^```(?:ts|js)\n(\/\/ (\S+)\n.*?)^```$/gms);
  return Object.fromEntries([...blocks].map(([, code = '', path = '']) => [path, code]));
}
