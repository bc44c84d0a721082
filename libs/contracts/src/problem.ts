import { z } from 'zod';

/** RFC 9457 problem details: every error body of the gateway. `code` is stable, `title` may be shown to a user. */
export const problem = z
  .object({
    type: z.string().meta({ description: 'A URI that names the kind of problem' }),
    title: z.string().meta({ description: 'A sentence for the user' }),
    status: z.int(),
    code: z.string().meta({ description: 'Stable code, `owner.what`' }),
    retry: z.enum(['never', 'now', 'later']),
    correlation_id: z.string().meta({ description: 'Quote this when you report the problem' }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'The wrong fields, and what would be right' }),
  })
  .meta({
    id: 'Problem',
    example: {
      type: 'urn:baton:problem:request.invalid',
      title: 'The request is not valid.',
      status: 400,
      code: 'request.invalid',
      retry: 'never',
      correlation_id: '01J8Z0Y3E6W8',
      errors: [{ field: 'text', message: 'must not be empty' }],
    },
  });
export type Problem = z.infer<typeof problem>;
