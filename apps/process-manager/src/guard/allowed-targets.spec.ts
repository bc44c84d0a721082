import { describe, expect, test } from '@jest/globals';
import { readTarget } from './allowed-targets.ts';

const codeOf = (method: string, url: string): unknown => {
  try {
    readTarget(method, url);
    return 'allowed';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('what may pass the guard', () => {
  test('keeps path and query as they came', () => {
    expect(readTarget('GET', '/engines/comfyui/view?filename=a%20b.png&type=output')).toEqual({
      engine: 'comfyui',
      path: '/view?filename=a%20b.png&type=output',
      kind: 'plain',
    });
    expect(readTarget('POST', '/engines/comfyui/api/prompt').kind).toBe('submit_prompt');
    expect(readTarget('GET', '/engines/comfyui/ws?clientId=1').kind).toBe('websocket');
  });

  test.each([
    ['POST', '/engines/ollama/api/pull'],
    ['POST', '/engines/ollama/api/push'],
    ['POST', '/engines/ollama/api/create'],
    ['POST', '/engines/ollama/api/copy'],
    ['DELETE', '/engines/ollama/api/delete'],
    ['POST', '/engines/ollama/api/blobs/sha256:00'],
    ['POST', '/engines/ollama/v1/chat/completions'],
    ['POST', '/engines/ollama/api/experimental/web_search'],
    ['POST', '/engines/comfyui/free'],
    ['POST', '/engines/comfyui/api/free'],
    ['POST', '/engines/comfyui/queue'],
    ['POST', '/engines/comfyui/history'],
    ['GET', '/engines/comfyui/history'],
    ['GET', '/engines/comfyui/api/manager/reboot'],
    ['POST', '/engines/comfyui/api/jobs/cancel'],
    ['GET', '/engines/comfyui/internal/logs'],
    ['GET', '/engines/comfyui/userdata/x'],
    ['GET', '/engines/ollama/api/chat'],
    ['TRACE', '/engines/ollama/api/tags'],
  ])('%s %s does not', (method, url) => {
    expect(codeOf(method, url)).toBe('request.not_found');
  });

  test.each([
    '/engines/ollama/api/chat/../pull',
    '/engines/ollama/api/chat/..%2fpull',
    '/engines/ollama/api/%63hat',
    '/engines/ollama//api/chat',
    '/engines/ollama/api/chat/',
    '/engines/ollama/api\\chat',
    '/engines/ollama/api/chat;x',
    '/engines/ollama/api/chat#x',
    '/engines/ollama/api/chat\n',
    '/engines/ollama/api/chat%00',
    '/engines/ollama/API/chat',
    '/engines/ollama/../comfyui/prompt',
  ])('no trick with the path %j does', (url) => {
    expect(codeOf('POST', url)).toBe('request.not_found');
  });

  test.each([
    '/engines/ollama',
    '/engines/ollamax/api/chat',
    '/engines/other/api/chat',
    '//engines/ollama/api/chat',
    'http://evil/engines/ollama/api/chat',
  ])('an unknown engine %s does not', (url) => {
    expect(codeOf('POST', url)).toBe('engine.unknown');
  });
});
