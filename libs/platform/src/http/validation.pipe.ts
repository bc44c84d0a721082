import { StandardSchemaValidationPipe } from '@nestjs/common';
import { AppError, type FieldIssue } from '@baton/kernel';
import type { z } from 'zod';

interface Issue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** A long body may be wrong in every line: this many tell enough. */
const MOST_ISSUES = 50;

/** Validation by the schema in the parameter's decorator; a failure names every wrong field. */
export function createValidationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues: readonly Issue[]) =>
      new AppError('request.invalid', {}, { issues: issues.slice(0, MOST_ISSUES).flatMap(toFieldIssues) }),
  });
}

/** The wrong fields of a zod error, in the form that a user gets to see. */
export function toIssues(error: z.ZodError): FieldIssue[] {
  return error.issues.flatMap(toFieldIssues);
}

function toFieldIssues(issue: Issue & { readonly code?: unknown; readonly keys?: unknown }): FieldIssue[] {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  if (issue.code === 'unrecognized_keys' && Array.isArray(issue.keys)) {
    return issue.keys.map((key) => ({
      path: path === '' ? String(key) : `${path}.${String(key)}`,
      message: 'is not a known field: remove it or check the spelling',
    }));
  }
  return [{ path, message: issue.message }];
}
