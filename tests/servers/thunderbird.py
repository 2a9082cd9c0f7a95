"""Thunderbird on a virtual screen, with a profile of its own and an add-on that composes and sends."""

import json
import os
import subprocess
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Self

from servers.process import Child
from servers.waiting import LOOPBACK, wait_for

ADDON = "sending@postlude.test"
PREFS = {
    "mail.account.account1.server": "server1",
    "mail.account.account1.identities": "id1",
    "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.accountmanager.localfoldersserver": "server1",
    "mail.server.server1.type": "none",
    "mail.server.server1.hostname": "Local Folders",
    "mail.server.server1.name": "Local Folders",
    "mail.server.server1.userName": "nobody",
    "mail.identity.id1.fullName": "Alice",
    "mail.identity.id1.smtpServer": "smtp1",
    "mail.identity.id1.valid": True,
    "mail.identity.id1.compose_html": True,
    "mail.identity.id1.doFcc": False,
    "mail.smtpservers": "smtp1",
    "mail.smtp.defaultserver": "smtp1",
    "mail.smtpserver.smtp1.hostname": LOOPBACK,
    "mail.smtpserver.smtp1.authMethod": 3,  # the password as it is
    "mail.smtpserver.smtp1.try_ssl": 0,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mail.shell.checkDefaultClient": False,
    "mail.rights.version": 1,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "app.donation.eoy.version.viewed": 999,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "toolkit.telemetry.enabled": False,
    "network.proxy.type": 0,
    "extensions.autoDisableScopes": 0,
    "extensions.enabledScopes": 15,
    "extensions.startupScanScopes": 15,
    "extensions.experiments.enabled": True,
    "xpinstall.signatures.required": False,
    "browser.dom.window.dump.enabled": True,
    "mail.compose.warn_public_recipients.aggressive": False,
    "mailnews.sendformat.auto_downgrade": False,
}
MANIFEST = {
    "manifest_version": 2,
    "name": "Sending",
    "version": "1.0",
    "browser_specific_settings": {"gecko": {"id": ADDON, "strict_min_version": "115.0"}},
    "permissions": ["compose", "compose.send"],
    "background": {"scripts": ["background.js"]},
    "experiment_apis": {
        "logins": {
            "schema": "schema.json",
            "parent": {"scopes": ["addon_parent"], "script": "logins.js", "paths": [["logins"]]},
        }
    },
}
SCHEMA = [
    {
        "namespace": "logins",
        "functions": [
            {
                "name": "keep",
                "type": "function",
                "async": True,
                "parameters": [{"name": n, "type": "string"} for n in ("origin", "user", "password")],
            },
            {"name": "say", "type": "function", "async": True, "parameters": [{"name": "text", "type": "string"}]},
        ],
    }
]
LOGINS = """
var logins = class extends ExtensionCommon.ExtensionAPI {
  getAPI(context) {
    return { logins: {
      async keep(origin, user, password) {
        const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
        login.init(origin, null, origin, user, password, "", "");
        await Services.logins.initializationPromise;
        await Services.logins.addLoginAsync(login);
      },
      async say(text) { dump("SENDING: " + text + "\\n"); }
    } };
  }
};
"""
BACKGROUND = """
const given = %s;
(async () => {
  await browser.logins.keep(given.origin, given.user, given.password);
  const tab = await browser.compose.beginNew({ to: [given.to], cc: [given.cc], bcc: [given.bcc], subject: given.subject,
    body: given.body, isPlainText: false, deliveryFormat: "html" });
  await browser.compose.sendMessage(tab.id, { mode: "sendNow" });
  await browser.logins.say("sent");
})().catch(error => browser.logins.say("failed: " + error.message));
"""


class Thunderbird:
    """Runs while the block does; `send` starts it with one message to send."""

    def __init__(self, home: Path, *, port: int, user: str, password: str) -> None:
        self._home = home
        self._profile = home / "profile"
        self._port, self._user, self._password = port, user, password
        self._children: list[Child | _Started] = []

    def __enter__(self) -> Self:
        self._profile.mkdir()
        prefs = {
            **PREFS,
            "mail.server.server1.directory-rel": "[ProfD]Mail/Local Folders",
            "mail.identity.id1.useremail": self._user,
            "mail.smtpserver.smtp1.port": self._port,
            "mail.smtpserver.smtp1.username": self._user,
        }
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in prefs.items()]
        (self._profile / "user.js").write_text("\n".join(lines) + "\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            child.kill()

    def send(self, *, to: str, cc: str, bcc: str, subject: str, body: str) -> None:
        """Compose in a window, press send, and wait for the program's own word that it went out."""
        given = {"to": to, "cc": cc, "bcc": bcc, "subject": subject, "body": body, "user": self._user}
        given |= {"origin": f"smtp://{LOOPBACK}", "password": self._password}
        folder = self._profile / "extensions"
        folder.mkdir()
        with zipfile.ZipFile(folder / f"{ADDON}.xpi", "w") as addon:
            addon.writestr("manifest.json", json.dumps(MANIFEST))
            addon.writestr("schema.json", json.dumps(SCHEMA))
            addon.writestr("logins.js", LOGINS)
            addon.writestr("background.js", BACKGROUND % json.dumps(given))
        display = self._screen()
        env = {**os.environ, "HOME": str(self._home), "DISPLAY": display, "MOZ_HEADLESS": "", "LC_ALL": "C.UTF-8"}
        env |= {"MOZ_DISABLE_CONTENT_SANDBOX": "1", "MOZ_CRASHREPORTER_DISABLE": "1"}
        env.pop("MOZ_HEADLESS")
        command = ["/usr/lib/thunderbird/thunderbird", "-no-remote", "-profile", str(self._profile)]
        program = Child("thunderbird", command, self._home / "thunderbird.log", env)
        self._children.append(program)
        wait_for("Thunderbird to send", lambda: "SENDING: " in program.output() or program.code is not None, 90)
        assert "SENDING: sent" in program.output(), program.output()[-3000:]

    def _screen(self) -> str:
        """A virtual screen of its own; the server picks a free number."""
        numbers, written = os.pipe()
        log = self._home / "xvfb.log"
        command = ["/usr/bin/Xvfb", "-displayfd", str(written), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, pass_fds=[written])
        os.close(written)
        self._children.append(_Started(process))
        with os.fdopen(numbers, "rb") as reader:
            number = reader.readline().strip().decode()
        assert number, log.read_text()
        return f":{number}"


class _Started:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
