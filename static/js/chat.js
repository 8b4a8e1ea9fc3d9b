// The entry of every page behind the sign-in: one import per element, each element minds its own business.
import "./elements/approval-card.js";
import "./elements/chat-message.js";
import "./elements/conversation-list.js";
import "./elements/conversation-thread.js";
import "./elements/file-tray.js";
import "./elements/may-do.js";
import "./elements/message-composer.js";
import "./elements/persona-picker.js";
import "./elements/rich-text.js";
import "./elements/run-note.js";
import "./elements/shortcut-sheet.js";
import "./elements/side-drawer.js";
import "./elements/theme-toggle.js";
import "./elements/times.js";
import "./elements/tool-call.js";
import "./elements/why-asked.js";
