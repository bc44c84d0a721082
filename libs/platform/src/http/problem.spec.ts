import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { expect, test } from '@jest/globals';
import { problem } from '@baton/contracts';
import { AppError } from '@baton/kernel';
import { toProblem } from './problem.ts';

test('an AppError shows its code, status, sentence and wrong fields, and nothing else', () => {
  const cause = new Error('ECONNREFUSED 10.0.0.7:11434 /srv/models');
  const error = new AppError(
    'request.invalid',
    { host: '10.0.0.7' },
    { cause, issues: [{ path: 'text', message: 'must not be empty' }] },
  );
  const body = toProblem(error, 'correlation-1');
  expect(problem.parse(body)).toEqual({
    type: 'urn:baton:problem:request.invalid',
    title: 'The request is not valid.',
    status: 400,
    code: 'request.invalid',
    retry: 'never',
    correlation_id: 'correlation-1',
    errors: [{ field: 'text', message: 'must not be empty' }],
  });
  expect(JSON.stringify(body)).not.toMatch(/10\.0\.0\.7|srv/);
});

test.each([
  [new Error('secret path /srv/x'), 500, 'internal'],
  ['a thrown string', 500, 'internal'],
  [new NotFoundException('Cannot GET /srv/x'), 404, 'request.not_found'],
  [new BadRequestException('boom /srv/x'), 400, 'request.invalid'],
  [new HttpException('late /srv/x', 504), 500, 'internal'],
  [Object.assign(new Error('/srv/x'), { statusCode: 413 }), 413, 'request.too_large'],
  [Object.assign(new Error('/srv/x'), { statusCode: 415 }), 415, 'request.unsupported_media_type'],
  [Object.assign(new Error('/srv/x'), { statusCode: 418 }), 400, 'request.invalid'],
])('%s becomes %i %s and says nothing of its inside', (error, status, code) => {
  const body = toProblem(error, 'correlation-1');
  expect(body).toMatchObject({ status, code });
  expect(JSON.stringify(body)).not.toContain('/srv/x');
});

test('a body that is no JSON is said to be so', () => {
  const error = Object.assign(new Error('Unexpected token s3cret'), {
    statusCode: 400,
    code: 'FST_ERR_CTP_INVALID_JSON_BODY',
  });
  expect(toProblem(error, 'c').errors).toEqual([{ field: 'body', message: 'must be valid JSON' }]);
});
