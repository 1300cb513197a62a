@sessions @forgery
Feature: Forged tokens
  A token that this installation did not sign, or that says what it should not, is refused like any other, and the log
  says that somebody tried.

  Background:
    Given the studio

  @R2.03 @R5.04
  Scenario Outline: A forged token is refused without saying why
    Given L2-CHAR-001 has logged in
    When somebody asks who it is with <a forgery> of L2-CHAR-001
    Then it is refused with UNAUTHENTICATED
    And the refusal reads like that of a made-up token
    And the audit log says that authentication failed

    Examples:
      | a forgery                                   |
      | a token without a signature                 |
      | a token signed by nobody under "none"       |
      | a token cut short                           |
      | a token that claims the tier SYSTEM         |
      | a token that claims to be SYSTEM-001        |
      | a token whose key id is a path              |
      | a token of 100000 characters                |
      | two tokens in one                           |

  @R2.03 @alone
  Scenario: A token of another installation is refused here
    Given another installation where L2-CHAR-001 has logged in
    When somebody asks who it is with the token of the other installation
    Then it is refused with UNAUTHENTICATED

  @R2.05
  Scenario: The public keys are served to everybody, without their private halves
    When a stranger fetches "/.well-known/jwks.json"
    Then the page is found
    And it lists the key that signed the token of L2-CHAR-001
    And it lists no private key
