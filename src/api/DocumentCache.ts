/** Parsed and validated documents, so that a repeated operation is neither parsed nor validated again. */

import type { DocumentNode } from "graphql";
import { DOCUMENT_CACHE_CHARS } from "./limits.js";

/** Keeps the most recently used documents within a budget of source text. Fits Apollo's `documentStore`. */
export class DocumentCache {
  readonly #documents = new Map<string, DocumentNode>();
  #chars = 0;

  async get(key: string): Promise<DocumentNode | undefined> {
    return this.find(key);
  }

  async set(key: string, document: DocumentNode): Promise<void> {
    this.keep(key, document);
  }

  async delete(key: string): Promise<boolean> {
    const document = this.#documents.get(key);
    if (!document) return false;
    this.#chars -= sourceChars(document);
    return this.#documents.delete(key);
  }

  find(key: string): DocumentNode | undefined {
    const document = this.#documents.get(key);
    if (document) {
      // Taken out and put in again it is the youngest: a Map keeps the order of insertion.
      this.#documents.delete(key);
      this.#documents.set(key, document);
    }
    return document;
  }

  keep(key: string, document: DocumentNode): void {
    if (this.#documents.has(key)) return;
    this.#documents.set(key, document);
    this.#chars += sourceChars(document);
    for (const [oldest, old] of this.#documents) {
      if (this.#chars <= DOCUMENT_CACHE_CHARS) break;
      this.#chars -= sourceChars(old);
      this.#documents.delete(oldest);
    }
  }
}

/** Never 0, so that the number of documents is bounded too. */
function sourceChars(document: DocumentNode): number {
  return (document.loc?.source.body.length ?? 0) + 200;
}
