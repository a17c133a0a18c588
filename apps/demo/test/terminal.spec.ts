import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Terminal } from './built.js';

function screen(isTTY: boolean) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY, columns: 80 });
  const terminal = new Terminal(stream as unknown as NodeJS.WriteStream);
  return { terminal, written: () => String(stream.read() ?? '') };
}

describe('the progress bar', () => {
  it('is drawn at once, before the main thread may be blocked', () => {
    const { terminal, written } = screen(true);
    const bar = terminal.progress(4);
    expect(written()).toContain('0% | 0 of 4');
    bar.end();
  });

  it('keeps lines that are written while it is shown', () => {
    const { terminal, written } = screen(true);
    const bar = terminal.progress(4);
    terminal.line('meanwhile');
    bar.advance();
    bar.end();
    terminal.line('after');
    const text = written();
    expect(text).toContain('25% | 1 of 4');
    expect(text.indexOf('meanwhile\n')).toBeGreaterThan(0);
    expect(text.indexOf('after\n')).toBeGreaterThan(text.indexOf('meanwhile\n'));
  });

  it('is not drawn without a terminal', () => {
    const { terminal, written } = screen(false);
    const bar = terminal.progress(1);
    bar.advance();
    terminal.line('plain');
    bar.end();
    expect(written()).toBe('plain\n');
  });
});
