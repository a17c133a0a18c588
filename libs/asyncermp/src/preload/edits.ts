/** A piece of a source that is to be replaced. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The source with all edits made. A line stays the line it was, as long as the texts have no line breaks. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(source.slice(at, start), text, source.slice(start, end).replace(/[^\n]+/g, ''));
    at = end;
  }
  pieces.push(source.slice(at));
  return pieces.join('');
}
