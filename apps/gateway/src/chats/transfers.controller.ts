import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  CHAT_LIMITS,
  chat,
  chatFile,
  exportChat,
  exportChatQuery,
  importChat,
  type Chat,
  type ChatFile,
} from '@baton/contracts';
import { CallClient } from '@baton/platform';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { idParams, type IdParams } from '../params.ts';
import { CHAT_SERVICE } from '../services.ts';

const IMPORT_PATH = '/api/chats/import';

/** Chats as files. */
@ApiTags('Chats')
@Controller()
export class TransfersController {
  private readonly chats: CallClient;

  constructor(@Inject(CHAT_SERVICE) chats: CallClient) {
    this.chats = chats;
  }

  @Get('api/chats/:id/export')
  @ApiRoute({
    id: 'chats_export',
    summary: 'Save a chat as a file',
    description:
      'Markdown is the branch that is shown, for reading; JSON is every branch, for `POST /api/chats/import`. ' +
      'Pictures are not part of the file.',
    access: 'user',
    answers: [
      {
        status: 200,
        description: 'The file; its name is in `Content-Disposition`',
        media: { 'application/json': 'ChatFile', 'text/markdown': null },
      },
    ],
    errors: ['request.invalid', 'chat.not_found', 'chat.too_long', ...CALL_ERRORS],
  })
  async export(
    @Caller() caller: CurrentUser,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: exportChatQuery }) { format }: z.output<typeof exportChatQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await this.chats.call(exportChat, { userId: caller.id, chatId: id, format });
    await reply
      .header('content-type', `${file.media_type}; charset=utf-8`)
      .header('content-disposition', asAttachment(file.file_name, `chat-${id}`))
      .send(file.text);
  }

  @Post(IMPORT_PATH)
  @ApiRoute({
    id: 'chats_import',
    summary: 'Make a chat out of a file',
    description: `A file that an export with \`format=json\` wrote, up to ${CHAT_LIMITS.fileBytes / 1_048_576} MiB. It becomes a new chat of yours.`,
    access: 'user',
    answers: [{ status: 201, description: 'The new chat', schema: chat }],
    errors: [...BODY_ERRORS, 'chat.file_invalid', ...CALL_ERRORS],
  })
  import(@Caller() caller: CurrentUser, @Body({ schema: chatFile }) file: ChatFile): Promise<Chat> {
    return this.chats.call(importChat, { userId: caller.id, file });
  }
}

/** RFC 6266: the name in any language, and a plain one for the few programs that read ASCII only. */
function asAttachment(fileName: string, plainName: string): string {
  const extension = fileName.slice(fileName.lastIndexOf('.'));
  // RFC 8187 allows fewer signs than `encodeURIComponent` leaves.
  const encoded = encodeURIComponent(fileName).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plainName}${extension}"; filename*=UTF-8''${encoded}`;
}

/** A whole conversation is larger than what every other route takes. */
export function takeLargeImports(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (route.url === IMPORT_PATH) route.bodyLimit = CHAT_LIMITS.fileBytes;
  });
}
