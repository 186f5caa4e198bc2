export const korean: Record<string, string> = {};
