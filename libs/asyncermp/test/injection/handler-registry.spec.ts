import { describe, expect, it } from 'vitest';
import {
  type HandlerDefinition,
  allHandlers,
  handlersOf,
  isInheritedWithoutFile,
  registerHandler,
} from '../../src/injection/handler-registry.js';
import { Square, Triangle } from '../.fixtures/handlers/more-shapes.js';
import { Circle } from '../.fixtures/handlers/shapes.js';

function define(name: string, file: string): HandlerDefinition {
  const definition: HandlerDefinition = {
    name,
    file,
    method: 'run',
    target: class Service {},
    run: () => undefined,
    replacement: () => undefined,
    options: {},
  };
  registerHandler(definition);
  return definition;
}

const named = (name: string): HandlerDefinition[] =>
  allHandlers().filter((definition) => definition.name === name);

describe('the registry of handlers', () => {
  it('replaces a handler that its file defines again, and distinguishes both classes', () => {
    const before = define('Reloaded.run', '/app/reloaded.js');
    const after = define('Reloaded.run', '/app/reloaded.js');
    expect(named('Reloaded.run')).toEqual([after]);
    expect(handlersOf(before.target)).toEqual([before]);
    expect(handlersOf(after.target)).toEqual([after]);
  });

  it('keeps handlers of one name from different files, so that the clash can be reported', () => {
    const one = define('Same.run', '/app/one.js');
    const two = define('Same.run', '/app/two.js');
    expect(named('Same.run')).toEqual([one, two]);
  });

  it('finds inherited handlers under the name of the heir', () => {
    expect(handlersOf(Triangle).map(({ name }) => name)).toEqual([
      'Triangle.area',
      'Triangle.outline',
    ]);
    expect(handlersOf(Triangle)).toBe(handlersOf(Triangle));
  });

  it('does not regard a method as a handler that was overridden without the decorator', () => {
    expect(handlersOf(Circle).map(({ name }) => name)).toEqual(['Circle.area']);
  });

  it('knows the inherited handlers that a worker would not find', () => {
    expect(handlersOf(Triangle).every(isInheritedWithoutFile)).toBe(true);
    expect(handlersOf(Square).some(isInheritedWithoutFile)).toBe(false);
    expect(handlersOf(Circle).some(isInheritedWithoutFile)).toBe(false);
  });

  it('finds no handlers on plain functions and classes', () => {
    expect(handlersOf(() => 1)).toEqual([]);
    expect(handlersOf(class {})).toEqual([]);
  });
});
