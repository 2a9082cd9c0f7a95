#!/usr/bin/env bash
# The real servers the tests use, from Debian's packages. Installs only what is missing and only as root; else it says
# which tests will be skipped. Nothing is left running: the tests start their own instances.
set -euo pipefail

declare -A provides=(
  [chromium]=/usr/bin/chromium
  [postfix]=/usr/sbin/postfix
  [dovecot-imapd]=/usr/lib/dovecot/imap
  [dovecot-lmtpd]=/usr/lib/dovecot/lmtp
  [dovecot-sieve]=/usr/lib/dovecot/modules/lib90_sieve_plugin.so
  [postgresql]=/usr/lib/postgresql
  [swaks]=/usr/bin/swaks
  [msmtp]=/usr/bin/msmtp
  [nginx-light]=/usr/sbin/nginx
  [mutt]=/usr/bin/mutt
  [thunderbird]=/usr/bin/thunderbird
  [xvfb]=/usr/bin/Xvfb
  [node-nodemailer]=/usr/share/nodejs/nodemailer/package.json
  [wrk]=/usr/bin/wrk
  [strace]=/usr/bin/strace
  [curl]=/usr/bin/curl
)
missing=()
for package in "${!provides[@]}"; do
  [ -e "${provides[$package]}" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

skipped() {
  echo "test servers: $1; tests that need ${missing[*]} are skipped"
  exit 0
}
[ "$(id -u)" -eq 0 ] || skipped "not root, so nothing is installed"
command -v apt-get >/dev/null || skipped "no apt-get here (Debian 12 is what the tests are made for)"

log=$(mktemp)
trap 'rm -f "$log" "${policy:-}"' EXIT
export DEBIAN_FRONTEND=noninteractive
# Packages start their servers when they are installed; for the tests' sake nothing of the kind shall run.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  policy=/usr/sbin/policy-rc.d
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
[ -e /etc/postfix/main.cf ] || echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections 2>/dev/null || true
echo "installing for the tests: ${missing[*]} (one to three minutes)"
apt-get update -qq >"$log" 2>&1 || echo "test servers: apt-get update failed, trying with what is known"
if ! apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
  tail -n 15 "$log"
  skipped "apt-get could not install them"
fi
