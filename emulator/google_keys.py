"""RSA keys and certificates that stand for Google's in every world. They are public, like those of
any test server, and good for nothing outside of one.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MadeUpKey:
    """An RSA key of 2048 bits with exponent 65537: its two primes in hex, and its certificate as
    PEM, which is valid for as long as any world lasts.
    """

    id: str
    p: str = field(repr=False)
    q: str = field(repr=False)
    certificate: str = field(repr=False)


# The first signs, until a rotation; each is published one rotation ahead.
KEYS = (
    MadeUpKey(
        id="46c763404bd99d2526ca5ea65f7ae57bb60ca5c2",
        p=(
            "f2dc35c2d48f40d757c5660db9984859c207dddbc89da561cb0258537b7acbfee8707a7699d0"
            "23c6438fc5f0b85f3be78b168ad5d324c014bb7bccf8ebaeb940773747208b6b6147eed745fe"
            "f0631522af4f7660fcc090607d4257963489e0aec17b63d078a0032a1e5165c4f1ecd3fa1387"
            "20a6c703d7887b7bfe3c57e1dc01"
        ),
        q=(
            "c1c0f34d03527e1e627877e210590d78aa85b6bec3f0e7375ed712bb0b9fb957a78ecf846b3e"
            "0929d424fdcce30524ec5855fd1629d420c08a0a7faf33841b06867a391ce7605d88d5c58b60"
            "b84cc74fb20c6e6018c969fcd255f3b3c1dbbc9b1251c9c36b9dda7ad7b5512164303248a67c"
            "d42b61ad61d16c1d306c50ecef0f"
        ),
        certificate=(
            "-----BEGIN CERTIFICATE-----\n"
            "MIIC0DCCAbigAwIBAgICA+gwDQYJKoZIhvcNAQELBQAwKjEoMCYGA1UEAwwfZmVk\n"
            "ZXJhdGVkLXNpZ25vbi50aHJpY2UuZXhhbXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8y\n"
            "MTIwMDEwMTAwMDAwMFowKjEoMCYGA1UEAwwfZmVkZXJhdGVkLXNpZ25vbi50aHJp\n"
            "Y2UuZXhhbXBsZTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBALfPEIBK\n"
            "yl2AmuUZs/rEfWQw53He72rDaL0bjh4/6mk94y0R520tbagWI3BnJjoW/BnvbRZF\n"
            "pxbDUBELWKMzvUfse5KLDQ22ZAvQ64bUK6tXXIt/eWEv6L4HNs3w4n8iogxrOFQy\n"
            "x7PfCMh6nE5Mnt0fLf7mH9mWVjErI0Hlie23kU78oawAG1kX4N+x9DggkcIH5F5A\n"
            "x0rDb3XRJgE+0jWyZ0JStNlN1BD44n+DNeA1pkjkuW8O+sdCFf1cy0Jpnqh0iCdO\n"
            "KEgba+TBXvIHo4LsUy/6GR6CtWhnd5flNmZR3o6X7C6OBJhk406x8Xw1SawuRjmT\n"
            "LG8v/lvU+COM0w8CAwEAATANBgkqhkiG9w0BAQsFAAOCAQEAUxzI3JwDbHVumRbY\n"
            "LJHExelMGe1d+fGBjvBL4MEnN29l3waH4b441fsJmxWpsemtNqVdccdD/mlMTmEi\n"
            "e1QyyUUB2nH+6raqv+yp0a4mu67g95G60TbHe7g0Fgq9/BXbobQ5LSlr21j6MgAC\n"
            "kX2pSs7GbbZrTVwkH4I4CDLlz2vBslkNvBpEV2tCBnGwPTZ2f6fJgo/gpc77YkYD\n"
            "htdxAEhkJKQ1EGntPWpdu4zB2PjkP1nyKBZNJGS6bP08Fh1FmOVjGIDVRWZgacdW\n"
            "cAwWiAiBh74Jx0FTeWI6k4lRKt5w32evEdOPNtbt5X7KlQIP7uVt/jABq5z/xeu8\n"
            "AVizcw==\n"
            "-----END CERTIFICATE-----\n"
        ),
    ),
    MadeUpKey(
        id="044e0930d20b3a66cb1fccd07f8d125a57dd2ac2",
        p=(
            "c7ca57f95e7d7b47fc005e89edd41e636a187bab98576b1fbd4b955375dbb4fd3b190619e515"
            "a2d21e47d4607d182eb77053beee40db1abe893a41c2bad9f3803e1ae651898d5cd45b943da4"
            "3e5b3e790ffe15910f374bdc821b18dd593dd05f99bbe6fa2a90fe32e6359f5f5db1e40fdc19"
            "ad49014aafb7157ad42a80893c7b"
        ),
        q=(
            "bdfeb1b34750af87401bad692db6964bbaf74190035a76528b72bb69a6ce644fe65ff2787c95"
            "a63c871088708812f3ed4f6d545e5abd92d252fc12dabc138af8180e7d0b57697c1e2872e098"
            "d5e8bb1da05640bb779d727f79c5f60a47fc68aac67250519c6c00e71ec482378c2efc4b5438"
            "c46f960d04b7ccd5e7e62c4bf44b"
        ),
        certificate=(
            "-----BEGIN CERTIFICATE-----\n"
            "MIIC0DCCAbigAwIBAgICA+kwDQYJKoZIhvcNAQELBQAwKjEoMCYGA1UEAwwfZmVk\n"
            "ZXJhdGVkLXNpZ25vbi50aHJpY2UuZXhhbXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8y\n"
            "MTIwMDEwMTAwMDAwMFowKjEoMCYGA1UEAwwfZmVkZXJhdGVkLXNpZ25vbi50aHJp\n"
            "Y2UuZXhhbXBsZTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAJRHKGU1\n"
            "JWjU0XSm5qHvHiQJL5qbZAR2VtsT7X425NbVrJ+mwThCZHg5NcRMgrV7hakoUddW\n"
            "ReKYTotpMtTAWsmcktdCkLdTKHbeCEfnaRItMIPTdhu8U4KZ0gv9eEZK7MO4lA2B\n"
            "pQh33W38R95jZL0Ivd9wYbpitae9lu/+bDtEnYhw/4/IAcPXUdptnIXpLpkOCvyu\n"
            "Vk5jN4aByjV6mwGPVq5Xciy67iQNXVmAOmd6NJTBEnndt1Waw3DxYwpNZ2tiQZyG\n"
            "mKYM/zbs0laG3MBNKsB70/ltqdPrywAd0cTfplI8nL3i4hbjiDdGsjL9KUO1Dfg1\n"
            "ktEJevY9ElHi9AkCAwEAATANBgkqhkiG9w0BAQsFAAOCAQEAX68NRGwO0+BmNUSo\n"
            "lfIRnTYlIV1ahSRVQY+k/yp/o9Yww6Z0SZ5dKFbiXLTX5HwN/st1bIXqJNvBB+He\n"
            "nlTiqK33d60hV1paHmPr30vm163RTj+s0+56/gom3XyHRnXPN7gI3jcUCjUW8G4v\n"
            "vHEZHaRHQ/GpKZOlG/7TYZHK1X8+z6aq4wkPQMtbGho7GmK529lUTPK0ayvMsnYy\n"
            "VudAvmJtZIN2iaId5B5+xgsiwldKN2l8HBobMQL5LYpjfyOaJOsr1GyxQ0EnXLhV\n"
            "GRocX8HPs4SkpG3CymoXFdckI0bWBQOFCiTwA9J+xxcQ0beLNOvjjlpFfJ1pJjUg\n"
            "FQTDxQ==\n"
            "-----END CERTIFICATE-----\n"
        ),
    ),
    MadeUpKey(
        id="a8b1e70aab4bab74ffdf1193dbf4e514c78ded72",
        p=(
            "ddb9ebb37049b0bea817457969d9cd8290d27f337d472c5c53035be699f6b3c20ea39ceadc11"
            "2ac494525c4ee86c8edebbc32ea4f2d9a2f36c824780517254211db60706a07b1d769ec4ca59"
            "e6bbff296f741053cd1a3ef9c39f82d767160a4ec20e831c1fd3c948663bc4c925131cfaae43"
            "6433a2f4404bb45fe4275d2eb027"
        ),
        q=(
            "c21e74bc3efb16c299ac6085715b848f040e589c25c0e5614fb53d2dddc7d0885bb255ebf0a3"
            "8ff0761c7b62b4d0a60c1124506ff7acecc884f421c14340b088a83fe77bc2fc32ce5d2ca1f9"
            "4d78ff0fdc2372b320297f24ac930907afbf0bfc2d5f16e6cd519e6bcd6fb8010b5ce0b55833"
            "d9e585734a7efac1dac542035cc5"
        ),
        certificate=(
            "-----BEGIN CERTIFICATE-----\n"
            "MIIC0DCCAbigAwIBAgICA+owDQYJKoZIhvcNAQELBQAwKjEoMCYGA1UEAwwfZmVk\n"
            "ZXJhdGVkLXNpZ25vbi50aHJpY2UuZXhhbXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8y\n"
            "MTIwMDEwMTAwMDAwMFowKjEoMCYGA1UEAwwfZmVkZXJhdGVkLXNpZ25vbi50aHJp\n"
            "Y2UuZXhhbXBsZTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKghRYLk\n"
            "AedRIE3qn+6E0l+/xk8tjtPQExtrbKMyzHKvd0TsGclBoYGE3Rwt5vIGtommVNk7\n"
            "bnMtPZG8/lPNNLDZcq6yXjuvtgR4tYMnbUkPMRUR8E74Trc4I4edImHc/ziR8AKL\n"
            "UT4yuZE5zBsZz0z9uAO7RK5pqge82j+SiiRwYD5AQ127rGY1MBpCEipqvuuKR+5F\n"
            "PDJDFM6RdyO5SBGxQKQuYVBUhj8dsYs9nswCTTOalxuMJ828tWGXg6iUDGVLV6L5\n"
            "f9BbJbUSx+3pbwTCNmugrLKX226Lv/KeAyq3xeK6VdPrBHkniO9tLfdhOXiCimEb\n"
            "oG4VcJqcwJqwkgMCAwEAATANBgkqhkiG9w0BAQsFAAOCAQEAlGjSMwSkEU+/adpT\n"
            "KRByzcd8LUFDSavVRlGBIEG3ax7Yx2BBglNiU92c4Htnn/ObSuic4iWbCMGcatpB\n"
            "hPRVPHZC9SP12Kxa7wOSnn7JYUwsLZvQsqE40NP7Qvps5oHlIvR5K0D9OxhDIWyP\n"
            "ftoyHbF1QEngmZISzw+p4jVLxfLmGo8H/bzykq3cEhmkNvNr0CYlodlPwIip7V2d\n"
            "ZBvWFRp4S7ZAs+haCIyJHghRU2NfMqtw7JBrs28sXPEPIUYcLRU7VxFW2KubapYh\n"
            "ctCqJmXyVDPizgr6KytG8rznxNj3YtjzNO5ZLe9uwA2YjcUM1FjvA9xCIPrgaN0F\n"
            "MR46cw==\n"
            "-----END CERTIFICATE-----\n"
        ),
    ),
)

# That of somebody else.
STRANGE_KEY = MadeUpKey(
    id="b5748a05688ba5d098a11fc56a1d171d78c14214",
    p=(
        "ea35eccd73e764e4c13862336493faf8bbc33a8b082a8848c6691363c9ff0607a01fef482afa"
        "1349c3b52e113c13d6333c0d689ef21fcf0b9c1b2a2afd4c5bd2dec81bf102eb9135a933cbdb"
        "db73da31ce658a458a630c210f22491fe99b0d01ed97480f32284d1aab5b99d27a5088df73e9"
        "10319e578e0711b5110045ddffa5"
    ),
    q=(
        "e3cbce35b75ff0b784dffe5a7cfd0eae07f1a4144a1dc25fca5beac8006b3ad1762d7d22a46e"
        "e81884599eb3947cd097458510d4c90dd84619593660377bc959a948036e13ddb2851561f242"
        "02382dd3a97a2e19d79d0ae742e22d1329a461bc91bd2bca85aaf2cb547d5e92e562dffd4287"
        "7757180dd4007af3ef21ad2ebaf3"
    ),
    certificate=(
        "-----BEGIN CERTIFICATE-----\n"
        "MIIC0DCCAbigAwIBAgICA+swDQYJKoZIhvcNAQELBQAwKjEoMCYGA1UEAwwfZmVk\n"
        "ZXJhdGVkLXNpZ25vbi50aHJpY2UuZXhhbXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8y\n"
        "MTIwMDEwMTAwMDAwMFowKjEoMCYGA1UEAwwfZmVkZXJhdGVkLXNpZ25vbi50aHJp\n"
        "Y2UuZXhhbXBsZTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBANBoRmV+\n"
        "LMNFPQg47RGiQn2EEMltwkIr2ohu42i1tuP3pNcK7+Nm00quJqEA4EmDP64UlVol\n"
        "AMkH3iVk8oYA6xiGfgdYL/Ej7t/20tHUqBoEfDW9xe6DHrXHWBrl4tJWgRIwXOeG\n"
        "wamDOKCJjPWHJpE4IGrLUur/Jh5xDPccUdhFUU+1LLX8NBlUPHJY4b8QchjlJ8Ir\n"
        "Y3E+Xeh8lmrd8SByr0XYa9IgDSR1w3j8MtYEQg7m3GfnEAGN6grAOcviCi3/k96r\n"
        "IFscJYGhvxb4yjt/g/n+396+StWbgAC+2SrHXng3v4RHNq938VrgQZMhOkLhNnIZ\n"
        "Y7JrKWTo8Q4di58CAwEAATANBgkqhkiG9w0BAQsFAAOCAQEAf8hVifbPQjHJ+bwF\n"
        "NcwYA2sN41ZryxNcIoFi6z2QZljGDO33F5f1nCFcc14Rs92OSNVeeWDvzo61uVmh\n"
        "CZSxKhL2Nr7kC70jY5w1BtP5oNU+GkZxLOsDkoFFeZ6oXuejsy07kj0fG1usz/oc\n"
        "EQ33QHj3b+cYrCu57DfeUI3zT3Vh93o1xazXhBDHrefaIdEIH2f0jgAsa9KjbSWF\n"
        "k3Wzl6PAO/sa7hTAXtTiFPVIsSCVfNDpWzAww5tbOi5cV+YFYEksMJkBZiyiPj1t\n"
        "7MW2lLpguR5kuYAqq4t0wOxBR0bGNkfOruYhhZlowhogpqNoy/w+b1+fmzet4lrf\n"
        "2QwsEQ==\n"
        "-----END CERTIFICATE-----\n"
    ),
)
